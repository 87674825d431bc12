import type { AudioChunk } from "../Audio.ts"
import type { MediaSocket, WireCommand } from "../Transport.ts"

/** ms of audio that may wait in the socket before nothing more is written. */
const holdMs = 1000
/** ms that a socket may go on not taking anything before the stream counts as dead. */
const stallMs = 5000

/** The sending side of a media socket: encodes commands, and holds back when the peer does not read. */
export class Wire {
  framesOut = 0

  private readonly socket: MediaSocket
  private readonly encode: (command: WireCommand) => string | Uint8Array | undefined
  private readonly frameMs: number
  private readonly stalled: () => void
  /** Bytes of `holdMs` of audio on the wire; measured on the first frame. */
  private holdBytes = Number.POSITIVE_INFINITY
  private heldSince: number | undefined

  constructor(
    socket: MediaSocket,
    encode: (command: WireCommand) => string | Uint8Array | undefined,
    frameMs: number,
    stalled: () => void
  ) {
    this.socket = socket
    this.encode = encode
    this.frameMs = frameMs
    this.stalled = stalled
  }

  /** Whether audio may be written now. When the peer has taken nothing for too long, the stream is given up. */
  isWritable(now: number): boolean {
    if (this.socket.bufferedAmount() <= this.holdBytes) {
      this.heldSince = undefined
      return true
    }
    if (this.heldSince === undefined) this.heldSince = now
    else if (now - this.heldSince >= stallMs) this.stalled()
    return false
  }

  audio(chunk: AudioChunk) {
    const data = this.encode({ _tag: "Audio", chunk })
    if (data === undefined) return
    if (this.framesOut === 0) this.holdBytes = (data.length * holdMs) / this.frameMs
    this.framesOut++
    this.socket.send(data)
  }

  /** Whether the carrier has such a command. */
  knows(command: WireCommand): boolean {
    return this.encode(command) !== undefined
  }

  /** False where the carrier knows no such command. */
  command(command: WireCommand): boolean {
    const data = this.encode(command)
    if (data === undefined) return false
    this.socket.send(data)
    return true
  }
}
