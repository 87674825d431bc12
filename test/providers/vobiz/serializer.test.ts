import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { inboundAudio } from "../../../src/providers/vobiz/mediaFrame.ts"
import { patientSocket } from "../../../src/providers/vobiz/patientSocket.ts"
import { decodeMessage, serializer } from "../../../src/providers/vobiz/serializer.ts"
import type { Frame, MediaSocket, TransportInfo, WireEvent } from "../../../src/Transport.ts"
import { callId } from "./account.ts"

const streamId = "9c1d0000-0000-4000-8000-000000000002"
const frame = (message: string): Frame => ({ data: Buffer.from(message, "utf8"), binary: false })
const text = (message: string): WireEvent | undefined => serializer.decode(frame(message))
const json = (message: unknown) => text(JSON.stringify(message))
const plain = (event: WireEvent | undefined) =>
  event?._tag === "Audio" ? { _tag: event._tag, chunk: Array.from(event.chunk) } : event

const media = (payload: string, track = "inbound") =>
  `{"sequenceNumber":1,"streamId":"${streamId}","event":"media","media":{"track":"${track}","timestamp":"1780308000020","chunk":1,"payload":"${payload}"},"extra_headers":"{}"}`

const start = {
  sequenceNumber: 0,
  event: "start",
  start: {
    callId,
    streamId,
    accountId: "500025",
    tracks: ["inbound"],
    mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000 }
  },
  extra_headers: "{}"
}
const mulaw = { encoding: "mulaw", sampleRate: 8000 } as const
const info: TransportInfo = {
  providerCallId: callId,
  streamId,
  incomingFormat: mulaw,
  outgoingFormat: mulaw,
  parameters: {}
}

describe("what Vobiz sends", () => {
  it("start completes the handshake; its account id is a number of Vobiz's own and is not compared", () =>
    assert.deepStrictEqual(json(start), { _tag: "Started", info }))

  it("start in another format, or without its ids, is not one", () => {
    const changed = (changes: object) => json({ ...start, start: { ...start.start, ...changes } })
    assert.isUndefined(changed({ mediaFormat: { encoding: "audio/x-l16", sampleRate: 8000 } }))
    assert.isUndefined(changed({ mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 16000 } }))
    assert.isUndefined(changed({ callId: "" }))
    assert.isUndefined(changed({ streamId: 7 }))
    assert.isUndefined(json({ event: "start" }))
  })

  it("media is audio, of the caller's track only", () => {
    assert.deepStrictEqual(plain(text(media("AAEC"))), { _tag: "Audio", chunk: [0, 1, 2] })
    assert.deepStrictEqual(text(media("AAEC", "outbound")), { _tag: "Ignored" })
    assert.deepStrictEqual(text(media("")), { _tag: "Ignored" })
    for (const payload of ["AAE", "AAE*", "AA=C", "===="]) assert.isUndefined(text(media(payload)), payload)
  })

  it("playedStream has no stream id, clearedAudio says nothing more", () => {
    assert.deepStrictEqual(json({ event: "playedStream", name: "g1-1" }), { _tag: "MarkReached", name: "g1-1" })
    assert.isUndefined(json({ event: "playedStream" }))
    assert.deepStrictEqual(json({ event: "clearedAudio", streamId }), { _tag: "Ignored" })
  })

  it("digits come in either place where they may be", () => {
    for (const digit of "0123456789*#ABCD") {
      assert.deepStrictEqual(json({ event: "dtmf", dtmf: { track: "inbound", digit } }), { _tag: "Digit", digit })
      assert.deepStrictEqual(json({ event: "dtmf", digit }), { _tag: "Digit", digit })
    }
    for (const digit of ["", "12", "E", 5]) assert.isUndefined(json({ event: "dtmf", dtmf: { digit } }))
  })

  it("stop is the end; what we do not know is ignored, what is no event cannot be read", () => {
    assert.deepStrictEqual(json({ event: "stop" }), { _tag: "Stopped" })
    assert.deepStrictEqual(json({ event: "toString" }), { _tag: "Ignored" })
    for (const message of ["", "{", "null", "[]", "{}", '{"event":1}', '{"event":"media"}']) {
      assert.isUndefined(text(message), message)
    }
    assert.isUndefined(serializer.decode({ data: Buffer.from(media("AAEC")), binary: true }))
  })
})

describe("the short cut for media", () => {
  const payload = fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString("base64"))

  it("is taken for what Vobiz writes", () => {
    fc.assert(
      fc.property(payload, (audio) => {
        const chunk = inboundAudio(Buffer.from(media(audio)))
        assert.strictEqual(chunk === undefined ? undefined : Buffer.from(chunk).toString("base64"), audio)
      })
    )
  })

  it("gives what the parser gives, whatever is done to the frame", () => {
    const piece = fc.constantFrom("", '"', "\\", "\\/", ",", "}", " ", "1", "=", "é", "\u0000", '","payload":"AAAA')
    fc.assert(
      fc.property(payload, fc.nat(), fc.nat({ max: 3 }), piece, (audio, position, cut, inserted) => {
        const whole = media(audio)
        const at = position % (whole.length + 1)
        const changed = whole.slice(0, at) + inserted + whole.slice(at + cut)
        assert.deepStrictEqual(plain(text(changed)), plain(decodeMessage(changed)))
      }),
      { numRuns: 1000 }
    )
  })

  it("never fails, on bytes or on JSON", () => {
    const bytes = fc.uint8Array({ maxLength: 300 })
    fc.assert(fc.property(bytes, fc.boolean(), (data, binary) => void serializer.decode({ data, binary })))
    const known = fc.constantFrom("start", "media", "dtmf", "playedStream", "stop", "digit", "name")
    fc.assert(fc.property(known, fc.dictionary(known, fc.jsonValue()), (event, rest) => void json({ ...rest, event })))
  })
})

const encode = serializer.encode(info)

describe("what we send", () => {
  const written = (command: Parameters<typeof encode>[0]): unknown => {
    const message = encode(command)
    if (message === undefined) return undefined
    if (typeof message === "string") return JSON.parse(message)
    return "binary" in message && !message.binary ? JSON.parse(Buffer.from(message.data).toString()) : "bytes"
  }

  it("is text, names its stream, and knows no digits", () => {
    assert.deepStrictEqual(written({ _tag: "Audio", chunk: Uint8Array.of(0, 1, 2) }), {
      event: "playAudio",
      streamId,
      media: { contentType: "audio/x-mulaw", sampleRate: 8000, payload: "AAEC" }
    })
    assert.deepStrictEqual(written({ _tag: "Mark", name: 'a"b' }), { event: "checkpoint", streamId, name: 'a"b' })
    assert.deepStrictEqual(written({ _tag: "Clear" }), { event: "clearAudio", streamId })
    assert.isUndefined(written({ _tag: "Digits", digits: "1" }))
  })
})

describe("audio after a clear, which Vobiz would partly throw away", () => {
  /** A patient socket over one that writes down what it is told. */
  const bench = (farewell?: string) => {
    const log: Array<string> = []
    const clock = { now: 0 }
    const listeners: Array<(frame: Frame) => void> = []
    const inner: MediaSocket = {
      send: (message) => void log.push(typeof message === "string" ? message : Buffer.from(message).toString()),
      bufferedAmount: () => 0,
      isOpen: () => true,
      listen: ({ frame }) => void listeners.push(frame),
      ping: () => {},
      close: (code) => void log.push(`close ${code}`),
      terminate: () => {}
    }
    const socket = patientSocket(
      inner,
      () => clock.now,
      () => farewell
    )
    const heard: Array<Frame> = []
    socket.listen({ frame: (one) => void heard.push(one), close: () => {} })
    return {
      log,
      clock,
      socket,
      heard,
      receive: (message: string) => listeners.forEach((listener) => listener(frame(message)))
    }
  }
  const clear = `{"event":"clearAudio","streamId":"${streamId}"}`

  it("waits until Vobiz says that it has cleared, in order", () => {
    const { heard, log, receive, socket } = bench()
    socket.send("before")
    socket.send(clear)
    socket.send("one")
    receive(media("AAEC"))
    socket.send("two")
    assert.deepStrictEqual(log, ["before", clear])
    receive('{"event":"clearedAudio"}')
    assert.deepStrictEqual(log, ["before", clear, "one", "two"])
    socket.send("three")
    assert.strictEqual(log.at(-1), "three")
    assert.strictEqual(heard.length, 2)
  })

  it("waits for a second at the most, and drops what another clear overtakes", () => {
    const { clock, log, receive, socket } = bench()
    socket.send(clear)
    socket.send("dropped")
    socket.send(clear)
    socket.send("kept")
    clock.now = 999
    receive(media("AAEC"))
    assert.deepStrictEqual(log, [clear, clear])
    clock.now = 1000
    receive(media("AAEC"))
    assert.deepStrictEqual(log, [clear, clear, "kept"])
  })

  it("a stream is told that it is over before its socket closes, else Vobiz may open another", () => {
    const { log, socket } = bench("stop")
    socket.close(1000, "")
    assert.deepStrictEqual(log, ["stop", "close 1000"])
  })
})
