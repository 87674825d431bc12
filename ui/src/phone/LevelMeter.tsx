import { useSyncExternalStore } from "react"
import { SILENCE_DBFS } from "./samples.ts"
import { type Levels, softphone } from "./softphone.ts"

/** What is quieter is an empty bar. */
const LOWEST_DBFS = -60

/** How loud one side of the call is now. */
export const LevelMeter = ({ side, label }: { readonly side: keyof Levels; readonly label: string }) => {
  const level = useSyncExternalStore(softphone.levels.subscribe, () => Math.round(softphone.levels.get()[side]))
  const shown = Math.max(0, Math.min(1, 1 - level / LOWEST_DBFS))
  const text = level <= SILENCE_DBFS ? "silent" : `${level} dB`
  return (
    <div className="grid grid-cols-[4rem_1fr_4rem] items-center gap-3">
      <span className="font-medium">{label}</span>
      <div
        role="meter"
        aria-label={label}
        aria-valuemin={SILENCE_DBFS}
        aria-valuemax={0}
        aria-valuenow={level}
        aria-valuetext={text}
        className="bg-raised h-3 overflow-hidden rounded-full"
      >
        <div className="bg-accent h-full rounded-full" style={{ width: `${shown * 100}%` }} />
      </div>
      <span className="text-muted text-right text-xs tabular-nums" aria-hidden>
        {text}
      </span>
    </div>
  )
}
