import { type KeyboardEvent, type MouseEvent, useId, useMemo } from "react"
import type { AnswerOf } from "../api/endpoints.ts"
import { durationText } from "../parts/time.tsx"

type Peaks = AnswerOf<"GET", "/api/v1/telephony/calls/:id/recordings/:rid/peaks">

const STEP_S = 5
const HALF = 50

/** One direction as an area: upwards from the middle line, or downwards. */
const areaOf = (peaks: ReadonlyArray<number>, up: boolean): string => {
  const edge = peaks.map((peak, index) => `L${index} ${HALF + (up ? -1 : 1) * Math.max(peak * (HALF - 2), 0.5)}`)
  return `M0 ${HALF}${edge.join("")}L${Math.max(peaks.length - 1, 1)} ${HALF}Z`
}

/** How loud both directions were: the caller above, the agent below. A click, or the arrow keys, go to a place. */
export const Waveform = ({
  peaks,
  atSeconds,
  onSeek
}: {
  readonly peaks: Peaks
  /** Where the player is. */
  readonly atSeconds: number
  readonly onSeek: (seconds: number) => void
}) => {
  const length = peaks.duration_ms / 1000
  const columns = Math.max(peaks.caller.length, peaks.agent.length, 2) - 1
  const paths = useMemo(() => ({ caller: areaOf(peaks.caller, true), agent: areaOf(peaks.agent, false) }), [peaks])
  const clip = useId()
  const done = length === 0 ? 0 : Math.min(1, atSeconds / length)
  const seek = (seconds: number) => onSeek(Math.min(length, Math.max(0, seconds)))
  const click = (event: MouseEvent<HTMLDivElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    seek(((event.clientX - left) / width) * length)
  }
  const press = (event: KeyboardEvent) => {
    const to: Readonly<Record<string, number>> = {
      ArrowLeft: atSeconds - STEP_S,
      ArrowRight: atSeconds + STEP_S,
      Home: 0,
      End: length
    }
    const seconds = to[event.key]
    if (seconds === undefined) return
    event.preventDefault()
    seek(seconds)
  }
  return (
    <div
      role="slider"
      tabIndex={0}
      aria-label="Place in the recording"
      aria-valuemin={0}
      aria-valuemax={Math.round(length)}
      aria-valuenow={Math.round(atSeconds)}
      aria-valuetext={`${durationText(atSeconds * 1000)} of ${durationText(peaks.duration_ms)}`}
      onClick={click}
      onKeyDown={press}
      className="bg-raised relative h-24 cursor-pointer overflow-hidden rounded"
    >
      <svg aria-hidden viewBox={`0 0 ${columns} ${HALF * 2}`} preserveAspectRatio="none" className="size-full">
        <clipPath id={clip}>
          <rect x="0" y="0" width={columns * done} height={HALF * 2} />
        </clipPath>
        <g className="opacity-50">
          <path d={paths.caller} className="fill-edge" />
          <path d={paths.agent} className="fill-accent" />
        </g>
        <g clipPath={`url(#${clip})`}>
          <path d={paths.caller} className="fill-ink" />
          <path d={paths.agent} className="fill-accent" />
        </g>
      </svg>
      <span aria-hidden className="bg-surface/80 absolute top-1 left-1 rounded px-1 text-xs">
        Caller
      </span>
      <span aria-hidden className="bg-surface/80 absolute bottom-1 left-1 rounded px-1 text-xs">
        Agent
      </span>
      <span aria-hidden className="bg-accent absolute inset-y-0 w-px" style={{ left: `${done * 100}%` }} />
    </div>
  )
}
