import { type RefObject, useEffect, useRef } from "react"
import { onLevel, shareOf } from "./levels.ts"

const say = (who: string, dbfs: number | null | undefined) =>
  `${who}: ${dbfs === null || dbfs === undefined ? "silent" : `${Math.round(dbfs)} dB`}`

const Bar = ({ name, bar }: { readonly name: string; readonly bar: RefObject<HTMLDivElement | null> }) => (
  <div className="flex items-center gap-1.5">
    <span className="text-muted w-10 text-xs">{name}</span>
    <div className="bg-raised h-1.5 flex-1 overflow-hidden rounded-full">
      <div
        ref={bar}
        data-meter={name.toLowerCase()}
        className="bg-good h-full w-full origin-left scale-x-0 transition-transform duration-200 ease-out"
      />
    </div>
  </div>
)

/** How loud both directions of a call are, four times a second. Written to the page directly: React draws nothing anew. */
export const Meters = ({ callId }: { readonly callId: string }) => {
  const caller = useRef<HTMLDivElement>(null)
  const agent = useRef<HTMLDivElement>(null)
  const words = useRef<HTMLSpanElement>(null)
  useEffect(
    () =>
      onLevel(callId, (level) => {
        if (caller.current !== null) caller.current.style.scale = `${shareOf(level?.caller_dbfs)} 1`
        if (agent.current !== null) agent.current.style.scale = `${shareOf(level?.agent_dbfs)} 1`
        if (words.current !== null)
          words.current.textContent = `${say("Caller", level?.caller_dbfs)}, ${say("agent", level?.agent_dbfs)}`
      }),
    [callId]
  )
  return (
    <div className="relative max-w-md min-w-28">
      <div aria-hidden className="flex flex-col gap-1">
        <Bar name="Caller" bar={caller} />
        <Bar name="Agent" bar={agent} />
      </div>
      <span ref={words} className="sr-only">
        No sound yet
      </span>
    </div>
  )
}
