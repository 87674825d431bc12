import type { AudioChunk } from "../Audio.ts"
import type { MediaSocket, Outgoing, WireCommand } from "../Transport.ts"

/** ms of audio that may wait in the socket before nothing more is written. */
const holdMs = 1000
/** ms that a socket may go on not taking anything before the stream counts as dead. */
const stallMs = 5000

const isBare = (message: Outgoing): message is string | Uint8Array =>
  typeof message === "string" || message instanceof Uint8Array

const sizeOf = (message: Outgoing) => (isBare(message) ? message : message.data).length

/** The sending side of a media socket: encodes commands, and holds back when the peer does not read. */
export class Wire {
  framesOut = 0

  private readonly socket: MediaSocket
  private readonly encode: (command: WireCommand) => Outgoing | undefined
  private readonly frameMs: number
  private readonly stalled: () => void
  /** Bytes of `holdMs` of audio on the wire; measured on the first frame. */
  private holdBytes = Number.POSITIVE_INFINITY
  private heldSince: number | undefined
  /** The carrier asked us to wait. */
  private isOnHold = false

  constructor(
    socket: MediaSocket,
    encode: (command: WireCommand) => Outgoing | undefined,
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
    if (this.isOnHold) return false
    if (this.socket.bufferedAmount() <= this.holdBytes) {
      this.heldSince = undefined
      return true
    }
    if (this.heldSince === undefined) this.heldSince = now
    else if (now - this.heldSince >= stallMs) this.stalled()
    return false
  }

  /** The carrier takes no audio from now on, or takes it again. Commands go out all the same. */
  hold(isOnHold: boolean) {
    this.isOnHold = isOnHold
  }

  audio(chunk: AudioChunk) {
    const message = this.encode({ _tag: "Audio", chunk })
    if (message === undefined) return
    if (this.framesOut === 0) this.holdBytes = (sizeOf(message) * holdMs) / this.frameMs
    this.framesOut++
    this.send(message)
  }

  /** Whether the carrier has such a command. */
  knows(command: WireCommand): boolean {
    return this.encode(command) !== undefined
  }

  /** False where the carrier knows no such command. */
  command(command: WireCommand): boolean {
    const message = this.encode(command)
    if (message === undefined) return false
    this.send(message)
    return true
  }

  private send(message: Outgoing) {
    if (isBare(message)) this.socket.send(message)
    else this.socket.send(message.data, message.binary)
  }
}
