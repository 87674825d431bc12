import { clsx } from "clsx"
import { useState } from "react"
import { SelectInput } from "../form/inputs.tsx"
import type { Tone } from "../parts/Badge.tsx"
import { Card, Loaded } from "../parts/Page.tsx"
import { Moment } from "../parts/time.tsx"
import { type Call, type CallEvent, isLive } from "./call.ts"
import { LiveBadge } from "./CallParts.tsx"
import { grouped, type Group, phases } from "./grouping.ts"
import { sentenceOf } from "./sentences.ts"
import { useTimeline } from "./timeline.ts"

const dots: Readonly<Record<Tone, string>> = {
  good: "bg-good",
  warn: "bg-warn",
  bad: "bg-bad",
  accent: "bg-accent",
  plain: "bg-edge"
}
const words: Partial<Readonly<Record<Tone, string>>> = { bad: "Failure: ", warn: "Warning: " }
const texts: Partial<Readonly<Record<Tone, string>>> = { bad: "text-bad", warn: "text-warn" }

const sources: Readonly<Record<string, string>> = {
  carrier: "Carrier",
  agent: "Agent",
  operator: "Operator",
  gateway: "This service"
}

const MINUTE_MS = 60_000

/** Time since the call's begin: `+0.42 s`, `+1:05.1`. */
const since = (begin: number, at: string): string => {
  const ms = Math.max(0, Date.parse(at) - begin)
  if (ms < MINUTE_MS) return `+${(ms / 1000).toFixed(2)} s`
  return `+${Math.floor(ms / MINUTE_MS)}:${((ms % MINUTE_MS) / 1000).toFixed(1).padStart(4, "0")}`
}

const Line = ({ event, begin }: { readonly event: CallEvent; readonly begin: number }) => {
  const { text, tone } = sentenceOf(event)
  const detail = Object.keys(event.payload).length > 0
  return (
    <li className="relative grid grid-cols-[4rem_minmax(0,1fr)] gap-x-2 py-1.5 pl-4" data-kind={event.kind}>
      <span aria-hidden className={clsx("absolute top-3.5 left-0 size-1.5 rounded-full", dots[tone])} />
      <time
        dateTime={event.occurred_at}
        title={new Date(event.occurred_at).toLocaleString()}
        className="text-muted text-xs leading-5 tabular-nums"
      >
        {since(begin, event.occurred_at)}
      </time>
      <div className="min-w-0">
        <p className={clsx("break-words", texts[tone])}>
          {words[tone] === undefined ? null : <span className="sr-only">{words[tone]}</span>}
          {text}
        </p>
        <details className="text-muted text-xs">
          <summary className="w-fit rounded">
            {sources[event.source] ?? event.source} · <code>{event.kind}</code>
          </summary>
          <div className="mt-1 mb-2">
            <p>
              <Moment at={event.occurred_at} /> · event {event.sequence}
            </p>
            {detail ? (
              <pre
                className="bg-raised text-ink mt-1 overflow-x-auto rounded p-2 font-mono"
                tabIndex={0}
                role="region"
                aria-label={`Details of ${event.kind}`}
              >
                {JSON.stringify(event.payload, null, 2)}
              </pre>
            ) : null}
          </div>
        </details>
      </div>
    </li>
  )
}

/** Many of one kind in a row take one line. */
const Lines = ({ group, begin }: { readonly group: Group; readonly begin: number }) => {
  const [first] = group.events
  if (!group.folded || first === undefined)
    return group.events.map((event) => <Line key={event.sequence} event={event} begin={begin} />)
  return (
    <li className="relative py-1.5 pl-4" data-kind={first.kind}>
      <span aria-hidden className="bg-edge absolute top-3.5 left-0 size-1.5 rounded-full" />
      <details>
        <summary className="w-fit rounded">
          <span className="text-muted mr-3 text-xs tabular-nums">{since(begin, first.occurred_at)}</span>
          {group.events.length} in a row: <code className="text-xs">{first.kind}</code>
        </summary>
        <ol>
          {group.events.map((event) => (
            <Line key={event.sequence} event={event} begin={begin} />
          ))}
        </ol>
      </details>
    </li>
  )
}

const Events = ({ call, events }: { readonly call: Call; readonly events: ReadonlyArray<CallEvent> }) => {
  const begin = Date.parse(call.created_at)
  if (events.length === 0) return <p className="text-muted">Nothing of this source happened.</p>
  return phases(events).map(({ events, name }) => (
    <section key={name} aria-label={name} className="mb-4 last:mb-0">
      <h3 className="text-muted mb-1 text-xs font-medium">{name}</h3>
      <ol className="border-line border-l-0">
        {grouped(events).map((group) => (
          <Lines key={group.events[0]?.sequence} group={group} begin={begin} />
        ))}
      </ol>
    </section>
  ))
}

/** Everything that happened to a call, in order, with a filter by who told it. */
export const Timeline = ({ call }: { readonly call: Call }) => {
  const { query, stream } = useTimeline(call)
  const [source, setSource] = useState("")
  return (
    <Card
      title="Timeline"
      actions={
        <span className="flex items-center gap-2">
          {isLive(call) ? <LiveBadge state={stream} /> : null}
          <SelectInput
            aria-label="Whose events"
            className="!min-h-7 !w-auto !py-0.5 text-xs"
            value={source}
            onChange={({ target }) => setSource(target.value)}
          >
            <option value="">All sources</option>
            {Object.entries(sources).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </SelectInput>
        </span>
      }
    >
      <Loaded of={query}>
        {(events) => (
          <Events call={call} events={source === "" ? events : events.filter((event) => event.source === source)} />
        )}
      </Loaded>
    </Card>
  )
}
