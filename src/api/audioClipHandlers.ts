import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { AudioClips } from "../organizations/AudioClips.ts"
import { Api } from "./Api.ts"
import { Caller } from "./Authorization.ts"
import { nextCursor, pageRequest } from "./pages.ts"
import { refused } from "./refused.ts"

const { AudioClipNotFound, InvalidFields, NameTaken, SqlError } = refused

export const audioClipHandlers = HttpApiBuilder.group(
  Api,
  "audioClips",
  Effect.fnUntraced(function* (handlers) {
    const clips = yield* AudioClips
    return handlers.handleAll({
      list: Effect.fnUntraced(function* ({ query }) {
        const { organizationId } = yield* Caller
        const page = yield* clips.list(organizationId, pageRequest(query))
        return { audio_clips: page.items, next_cursor: nextCursor(page) }
      }, Effect.catchTags({ SqlError })),
      create: Effect.fnUntraced(function* ({ payload, query }) {
        const { organizationId } = yield* Caller
        return yield* clips.create(organizationId, { name: query.name, wav: payload })
      }, Effect.catchTags({ InvalidFields, NameTaken, SqlError })),
      download: Effect.fnUntraced(function* ({ params }) {
        const { organizationId } = yield* Caller
        return yield* clips.file(organizationId, params.id)
      }, Effect.catchTags({ AudioClipNotFound, SqlError })),
      remove: Effect.fnUntraced(function* ({ params }) {
        const { organizationId } = yield* Caller
        yield* clips.remove(organizationId, params.id)
      }, Effect.catchTags({ AudioClipNotFound, SqlError }))
    })
  })
)
