import { Context, Effect, Layer, type Scope } from "effect"
import type { Transport } from "../../Transport.ts"

/** A call whose media is open on this node. */
export interface OpenMedia {
  readonly callId: string
  readonly organizationId: string
  readonly transport: Pick<Transport, "info" | "tap" | "ended">
}

/** The open media of this node's calls, for those who watch or listen. */
export class LiveMedia extends Context.Service<
  LiveMedia,
  {
    /** Shows the media for as long as the scope is open. */
    readonly show: (media: OpenMedia) => Effect.Effect<void, never, Scope.Scope>
    readonly find: (callId: string) => OpenMedia | undefined
    readonly ofOrganization: (organizationId: string) => ReadonlyArray<OpenMedia>
  }
>()("switchboard/LiveMedia") {
  static readonly layer = Layer.sync(LiveMedia, () => {
    const open = new Map<string, OpenMedia>()
    return LiveMedia.of({
      show: (media) =>
        Effect.acquireRelease(
          Effect.sync(() => void open.set(media.callId, media)),
          () => Effect.sync(() => open.get(media.callId) === media && open.delete(media.callId))
        ),
      find: (callId) => open.get(callId),
      ofOrganization: (organizationId) =>
        Array.from(open.values()).filter((media) => media.organizationId === organizationId)
    })
  })
}
