import { Effect } from "effect"
import type { TransportFactory } from "../../ProviderSpec.ts"
import { type MediaCall, TransportError, type TransportInfo } from "../../Transport.ts"
import { openTransport } from "../../transport/openTransport.ts"
import { subjectOf } from "./correlation.ts"
import { handshakeState, makeSerializer, unsupportedCodec } from "./serializer.ts"

/**
 * Whether the stream is another call's. Our own state in the handshake tells; without it the id must be the call's, which the
 * dial's answer may have given differently, or not have given yet.
 */
const isOfAnother = (info: TransportInfo, { callId, providerCallId }: MediaCall): boolean => {
  const subject = subjectOf(handshakeState(info))
  if (subject === undefined) return providerCallId !== info.providerCallId
  return !("call" in subject) || subject.call !== callId
}

const complaint = (info: TransportInfo, call: MediaCall): TransportError | undefined => {
  if (isOfAnother(info, call)) {
    return new TransportError({
      reason: "wrong-call",
      message: "The handshake names another call than the call that this socket was opened for.",
      code: 4404
    })
  }
  const codec = unsupportedCodec(info)
  if (codec === undefined) return undefined
  const word = /^[A-Za-z0-9/_-]{1,32}$/.test(codec) ? ` (${codec})` : ""
  return new TransportError({
    reason: "protocol-abuse",
    message: `The carrier streams the caller's audio in a codec that Switchboard does not speak${word}. Allow PCMU or PCMA for the application.`,
    code: 4400
  })
}

/**
 * The media stream of a call: 8 kHz mu-law from us, mu-law or A-law from the caller, in frames of 20 ms, sent at most 200 ms
 * ahead of what the caller hears, so that little is lost when the caller barges in.
 */
export const transport: TransportFactory = (socket, call) =>
  openTransport(
    socket,
    { ...call, providerCallId: undefined },
    { serializer: makeSerializer(), frameMs: 20, leadFrames: 10 }
  ).pipe(
    Effect.tap((opened) => {
      const wrong = complaint(opened.info, call)
      return wrong === undefined
        ? Effect.void
        : Effect.andThen(opened.close(wrong.code, wrong.reason), Effect.fail(wrong))
    })
  )
