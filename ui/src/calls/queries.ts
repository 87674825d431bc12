import { type QueryClient, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { request } from "../api/request.ts"
import { useNotices } from "../parts/Notices.tsx"
import type { Call } from "./call.ts"
import type { Filters } from "./filters.ts"

const PAGE = 50

export const keys = {
  list: ["calls", "list"],
  live: ["calls", "live"],
  call: (id: string) => ["calls", "one", id],
  events: (id: string) => ["calls", "events", id],
  transfers: (id: string) => ["calls", "transfers", id],
  recordings: (id: string) => ["calls", "recordings", id]
} as const

/** The calls that the filters let through, newest first, page by page. */
export const useCalls = ({ agent, direction, provider, reason, search, show }: Filters) =>
  useInfiniteQuery({
    queryKey: [...keys.list, { agent, direction, provider, reason, search, show }],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      request("GET", "/api/v1/telephony/calls", {
        query: {
          limit: PAGE,
          ...(pageParam === "" ? {} : { cursor: pageParam }),
          ...(show === "live" ? { live: "true" } : {}),
          ...(show === undefined || show === "live" ? {} : { status: show }),
          ...(direction === undefined ? {} : { direction }),
          ...(provider === undefined ? {} : { provider }),
          ...(agent === undefined ? {} : { agent_id: agent }),
          ...(reason === undefined ? {} : { end_reason: reason }),
          ...(search === undefined ? {} : { search })
        },
        signal
      }),
    getNextPageParam: ({ next_cursor }) => next_cursor
  })

export const useCall = (id: string) =>
  useQuery({
    queryKey: keys.call(id),
    queryFn: ({ signal }) => request("GET", "/api/v1/telephony/calls/:id", { params: { id }, signal })
  })

export const useTransfers = (id: string) =>
  useQuery({
    queryKey: keys.transfers(id),
    queryFn: ({ signal }) => request("GET", "/api/v1/telephony/calls/:id/transfers", { params: { id }, signal }),
    select: ({ transfers }) => transfers
  })

export const useRecordings = (id: string) =>
  useQuery({
    queryKey: keys.recordings(id),
    queryFn: ({ signal }) => request("GET", "/api/v1/telephony/calls/:id/recordings", { params: { id }, signal }),
    select: ({ recordings }) => recordings
  })

/** How loud a recording is over its length, for a picture of `buckets` columns; undefined `id`: not asked. */
export const usePeaks = (call: string, id: string, buckets: number, enabled: boolean) =>
  useQuery({
    queryKey: ["calls", "peaks", call, id, buckets],
    staleTime: Infinity,
    enabled,
    queryFn: ({ signal }) =>
      request("GET", "/api/v1/telephony/calls/:id/recordings/:rid/peaks", {
        params: { id: call, rid: id },
        query: { buckets },
        signal
      })
  })

/** Looks again at what a call's log just told of. */
export const callMoved = (queries: QueryClient, id: string) =>
  Promise.all(
    [keys.call(id), keys.transfers(id), keys.recordings(id)].map((queryKey) => queries.invalidateQueries({ queryKey }))
  )

export const useHangUp = (call: Call) => {
  const queries = useQueryClient()
  const { bad, good } = useNotices()
  return useMutation({
    mutationFn: () => request("POST", "/api/v1/telephony/calls/:id/hangup", { params: { id: call.id } }),
    onSuccess: () => good("The call is being hung up."),
    onError: bad,
    onSettled: () => callMoved(queries, call.id)
  })
}

/** Sends digits one press after the other, however fast they are pressed. */
export const useDigits = (id: string) => {
  const { bad } = useNotices()
  return useMutation({
    scope: { id: `digits ${id}` },
    mutationFn: (digits: string) =>
      request("POST", "/api/v1/telephony/calls/:id/digits", { params: { id }, payload: { digits } }),
    onError: bad
  })
}

export interface NewTransfer {
  readonly destination: string
  readonly timeout_s?: number
  readonly announcement?: string
}

export const useTransfer = (id: string) => {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (payload: NewTransfer) =>
      request("POST", "/api/v1/telephony/calls/:id/transfer", { params: { id }, payload }),
    onSettled: () => callMoved(queries, id)
  })
}

export type RecordingAction = "start" | "stop" | "pause" | "resume"

export const useRecordingAction = (id: string) => {
  const queries = useQueryClient()
  const { bad } = useNotices()
  return useMutation({
    mutationFn: (action: RecordingAction) =>
      request("POST", "/api/v1/telephony/calls/:id/recording", { params: { id }, payload: { action } }),
    onSuccess: (recordings) => queries.setQueryData(keys.recordings(id), recordings),
    onError: bad
  })
}

export const useRemoveRecording = (call: string) => {
  const queries = useQueryClient()
  const { bad, good } = useNotices()
  return useMutation({
    mutationFn: (rid: string) =>
      request("DELETE", "/api/v1/telephony/calls/:id/recordings/:rid", { params: { id: call, rid } }),
    onSuccess: () => good("The recording is deleted."),
    onError: bad,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.recordings(call) })
  })
}
