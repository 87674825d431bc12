import { createHash } from "node:crypto"
import { Schema } from "effect"
import type { FormValues } from "../Form.ts"

/** A call that somebody wants to be placed. */
export interface DialRequest {
  readonly organizationId: string
  readonly agentId: string
  /** As a person wrote it. */
  readonly to: string
  /** Authoritative when given; else the default configuration, else the first that is ready. */
  readonly configurationId?: string
  readonly fromPhoneNumberId?: string
  /** Given to the agent as it is. */
  readonly context: FormValues
  /** Whether to record the call, whatever the agent's settings say. */
  readonly record?: boolean
  readonly idempotencyKey?: string
}

/** The destination cannot be read as an address of this configuration. */
export class InvalidDestination extends Schema.TaggedError<InvalidDestination>()("InvalidDestination", {
  message: Schema.String
}) {}

/** There is no number to call from. */
export class NoCallerId extends Schema.TaggedError<NoCallerId>()("NoCallerId", { message: Schema.String }) {}

/** The carrier refused the dial; the call's row is closed. `message` is the carrier's, with a next step. */
export class DialRejected extends Schema.TaggedError<DialRejected>()("DialRejected", {
  callId: Schema.String,
  kind: Schema.String,
  message: Schema.String,
  code: Schema.optionalKey(Schema.String)
}) {}

const sorted = (value: Schema.Json): Schema.Json =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, each]) => [key, sorted(each)])
        )
      : value

/** Tells one request's content from another's, whatever the order of its keys. */
export const requestHash = (request: DialRequest): string =>
  createHash("sha256")
    .update(
      JSON.stringify([
        request.to,
        request.agentId,
        request.configurationId ?? null,
        request.fromPhoneNumberId ?? null,
        sorted(request.context),
        ...(request.record === undefined ? [] : [request.record])
      ])
    )
    .digest("base64url")
