import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import type { AnswerOf } from "../api/endpoints.ts"
import { problemOf, unreachable } from "../api/problem.ts"
import { addressOf, request } from "../api/request.ts"
import { everyPage } from "../parts/everyPage.ts"

export type AudioClip = AnswerOf<"GET", "/api/v1/organizations/audio-clips">["audio_clips"][number]

const CLIPS = "/api/v1/organizations/audio-clips"
const key = ["audio-clips"]

/** Where a clip's file can be heard from. */
export const clipAddress = (id: string) => addressOf(`${CLIPS}/:id`, { params: { id } })

export const useClips = () =>
  useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      everyPage(
        (query) => request("GET", "/api/v1/organizations/audio-clips", { query, signal }),
        (page) => page.audio_clips
      )
  })

/** The body is the file itself, not JSON. */
const upload = async ({ name, file }: { readonly name: string; readonly file: Blob }) => {
  const response = await fetch(addressOf(CLIPS, { query: { name } }), {
    method: "POST",
    credentials: "same-origin",
    headers: { "x-switchboard-console": "1", "content-type": "audio/wav" },
    body: file
  }).catch(() => Promise.reject(unreachable()))
  if (!response.ok) return Promise.reject(await problemOf(response))
}

export const useUploadClip = () => {
  const queries = useQueryClient()
  return useMutation({ mutationFn: upload, onSuccess: () => queries.invalidateQueries({ queryKey: key }) })
}

export const useRemoveClip = () => {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => request("DELETE", "/api/v1/organizations/audio-clips/:id", { params: { id } }),
    onSettled: () => queries.invalidateQueries({ queryKey: key })
  })
}
