import type { MediaSocket } from "../Transport.ts"

/** Stands for a peer that left after it was admitted, so that its call ends like any call whose media never started. */
export const goneSocket: MediaSocket = {
  send: () => {},
  bufferedAmount: () => 0,
  isOpen: () => false,
  listen: (on) => on.close(1006, "gone before the upgrade"),
  ping: () => {},
  close: () => {},
  terminate: () => {}
}
