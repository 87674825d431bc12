/** Someone waits for the audio before `position` to be heard. */
export interface Mark {
  /** The name on the wire. */
  readonly wireName: string
  /** Frames of the stream that come before it. */
  readonly position: number
  /** ms of its utterance that come before it. */
  readonly heardMs: number
  /** When to stop believing that the carrier will answer, monotonic ms. */
  readonly deadline: number
  /** Someone waits for it: it is settled at the deadline even if its audio was not sent, and at the end of the media. */
  readonly strict: boolean
  readonly settle: (mark: Mark, cleared: boolean) => void
  /** `waiting` for its audio to be sent, `sent` to the carrier, or `timed` because this carrier knows no marks. */
  state: "waiting" | "sent" | "timed"
}

/** How the marks of a line go out and are found to be heard. */
export interface MarkLine {
  /** Sends a mark; false where the carrier knows none. */
  readonly sendMark: (wireName: string) => boolean
  readonly isSent: (position: number) => boolean
  readonly isHeard: (position: number, now: number) => boolean
}

/**
 * The marks that have not been answered, in order. Wire names carry the generation, which every clear raises: an answer
 * to an older generation means nothing any more.
 */
export class Marks {
  private readonly outstanding: Array<Mark> = []
  private generation = 0
  private serial = 0

  get size() {
    return this.outstanding.length
  }

  add(mark: Omit<Mark, "wireName" | "state">): Mark {
    const added: Mark = { ...mark, wireName: `g${this.generation}-${this.serial++}`, state: "waiting" }
    this.outstanding.push(added)
    return added
  }

  /** Forgets a mark without settling it; false when it is settled already. */
  remove(mark: Mark): boolean {
    const at = this.outstanding.indexOf(mark)
    if (at >= 0) this.outstanding.splice(at, 1)
    return at >= 0
  }

  /** Sends the marks whose audio is out. */
  announce(line: MarkLine) {
    for (const mark of this.outstanding) {
      if (mark.state !== "waiting") continue
      if (!line.isSent(mark.position)) return
      mark.state = line.sendMark(mark.wireName) ? "sent" : "timed"
    }
  }

  /** Sends what is to be sent, and settles those that time decides. */
  advance(line: MarkLine, now: number) {
    this.announce(line)
    for (let mark = this.outstanding[0]; this.isOver(mark, line, now); mark = this.outstanding[0]) {
      this.outstanding.shift()
      mark?.settle(mark, false)
    }
    const expired = this.outstanding.filter((mark) => mark.strict && now >= mark.deadline)
    for (const mark of expired) if (this.remove(mark)) mark.settle(mark, false)
  }

  /** The carrier returned a mark: takes out all up to it, for the caller to settle. None, if it is not of this generation. */
  take(wireName: string): ReadonlyArray<Mark> {
    const at = this.outstanding.findIndex((mark) => mark.wireName === wireName && mark.state === "sent")
    return this.outstanding.splice(0, at + 1)
  }

  /** Begins a new generation and settles every mark as cleared. */
  clear() {
    this.generation++
    for (const mark of this.outstanding.splice(0)) mark.settle(mark, true)
  }

  /** The media is over: nobody is told any more, but those who wait may go on. */
  end() {
    for (const mark of this.outstanding.splice(0)) if (mark.strict) mark.settle(mark, false)
  }

  private isOver(mark: Mark | undefined, line: MarkLine, now: number): boolean {
    if (mark === undefined || mark.state === "waiting") return false
    return now >= mark.deadline || (mark.state === "timed" && line.isHeard(mark.position, now))
  }
}
