import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query"
import { useEffect, useRef } from "react"
import { addressOf, request } from "../api/request.ts"
import { useEventStream } from "../parts/eventStream.ts"
import { type Call, type CallEvent, isLive } from "./call.ts"
import { callMoved, keys } from "./queries.ts"

type Events = ReadonlyArray<CallEvent>

const PAGE = 200
/** How long what comes in a burst is gathered before it is drawn, ms. */
const GATHER_MS = 100
/** After the end of a call there may be more to tell: its price, the end of a recording. */
const LATE_MS = 120_000
const LATE_EVERY_MS = 3000

const isEvent = (value: unknown): value is CallEvent =>
  typeof value === "object" && value !== null && "sequence" in value && "kind" in value

const allEvents = async (id: string, signal: AbortSignal, cursor?: string): Promise<Events> => {
  const { events, next_cursor } = await request("GET", "/api/v1/telephony/calls/:id/events", {
    params: { id },
    query: { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) },
    signal
  })
  return next_cursor === null ? events : [...events, ...(await allEvents(id, signal, next_cursor))]
}

/** Both, each event once, in order. */
export const joined = (known: Events, more: Events): Events => {
  const last = known.at(-1)?.sequence ?? 0
  const fresh = more.filter(({ sequence }) => sequence > last)
  if (fresh.length === more.length) return [...known, ...more]
  const all = new Map([...known, ...more].map((event) => [event.sequence, event]))
  return [...all.values()].toSorted((a, b) => a.sequence - b.sequence)
}

const append = (queries: QueryClient, id: string, more: Events) =>
  queries.setQueryData<Events>(keys.events(id), (known = []) => joined(known, more))

/** Everything that happened to a call: told as it happens while the call is live, read after. */
export const useTimeline = (call: Call) => {
  const { id } = call
  const queries = useQueryClient()
  const live = isLive(call)
  const gathered = useRef<Array<CallEvent>>([])
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const ended = useRef(false)
  useEffect(() => () => clearTimeout(timer.current), [])

  const flush = () => {
    timer.current = undefined
    append(queries, id, gathered.current.splice(0))
    void callMoved(queries, id)
  }
  const stream = useEventStream(
    live ? addressOf("/api/v1/telephony/calls/:id/events/stream", { params: { id } }) : undefined,
    {
      on: {
        "call.event": (event) => {
          if (!isEvent(event)) return
          if (event.kind === "call.ended") ended.current = true
          gathered.current.push(event)
          timer.current ??= setTimeout(flush, GATHER_MS)
        }
      },
      isOver: () => ended.current
    }
  )
  const query = useQuery({
    queryKey: keys.events(id),
    enabled: !live,
    queryFn: ({ signal }) => allEvents(id, signal),
    refetchInterval: () =>
      call.ended_at !== null && Date.now() - Date.parse(call.ended_at) < LATE_MS ? LATE_EVERY_MS : false
  })
  return { stream, query }
}
