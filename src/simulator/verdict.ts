import { msOf } from "../Audio.ts"
import { containsAudio } from "./containsAudio.ts"
import type { CallSnapshot } from "./SimulatorModule.ts"

/** How what the person heard compares with what the person said. Everything is counted in the stream's own bytes. */
export interface Verdict {
  /**
   * - `exact`: all that was said was heard, byte for byte, in one piece
   * - `gaps`: every byte in order, but with silences between
   * - `different`: something is missing or changed
   */
  readonly outcome: "exact" | "gaps" | "different"
  readonly saidMs: number
  readonly heardMs: number
  /** Silences between the first and the last thing heard. */
  readonly gaps: number
}

/** Compares a call with an echo: what came back against what was said. */
export const judgeEcho = ({ heard, said, speaking }: CallSnapshot): Verdict => {
  const { format, played, spans, timeline } = heard
  const measures = {
    saidMs: msOf(format, said.length),
    heardMs: msOf(format, played.length),
    gaps: Math.max(0, spans.length - 1)
  }
  if (speaking || said.length === 0 || played.length < said.length) return { outcome: "different", ...measures }
  if (containsAudio(timeline, said)) return { outcome: "exact", ...measures }
  return { outcome: containsAudio(played, said) ? "gaps" : "different", ...measures }
}
