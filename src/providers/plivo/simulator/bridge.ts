import { Deferred } from "effect"

/** Two legs that talk, or are about to: one that runs `<Dial>`, and one that it dialled. */
export interface Bridge {
  readonly room: string
  /** The dialled leg has picked up. */
  readonly answered: Deferred.Deferred<void>
  /** The dialled leg is not there any more: it hung up, was refused, or was transferred away. */
  readonly left: Deferred.Deferred<void>
  /** The dialling leg is not there any more. */
  readonly released: Deferred.Deferred<void>
  /** Both are transferred at once: the dialled leg does not end when the other one goes. */
  parted: boolean
}

export const newBridge = (room: string): Bridge => ({
  room,
  answered: Deferred.makeUnsafe(),
  left: Deferred.makeUnsafe(),
  released: Deferred.makeUnsafe(),
  parted: false
})
