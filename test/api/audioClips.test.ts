import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { writeWav } from "../../src/audio/wav.ts"
import { apiServer, at, newOrganization, text, wrongFields } from "../support/apiServer.ts"
import { embeddedDatabase } from "../support/database.ts"

const mulaw8 = { encoding: "mulaw", sampleRate: 8000 } as const

const wav = (seconds: number) => writeWav(mulaw8, new Uint8Array(8000 * seconds).fill(0x55))

const upload = (bytes: Uint8Array, name = "Hold") =>
  HttpClientRequest.post(`/api/v1/organizations/audio-clips?name=${name}`).pipe(
    HttpClientRequest.bodyUint8Array(bytes, "audio/wav")
  )

layer(apiServer(embeddedDatabase, []), { excludeTestServices: true })("audio clips", (it) => {
  it.effect("are uploaded, listed, downloaded as they came, and deleted", () =>
    Effect.gen(function* () {
      const { operator, viewer, adminKey } = yield* newOrganization()
      const created = yield* operator.send(upload(wav(2)))
      assert.strictEqual(created.status, 201)
      assert.strictEqual(at(created, "name"), "Hold")
      assert.strictEqual(at(created, "duration_ms"), 2000)
      const path = `audio-clips/${text(created, "id")}`
      const list = yield* viewer.get("audio-clips")
      assert.deepStrictEqual(at(list, "audio_clips.0"), created.body)

      const http = yield* HttpClient.HttpClient
      const download = HttpClientRequest.get(`/api/v1/organizations/${path}`).pipe(
        HttpClientRequest.bearerToken(adminKey)
      )
      const file = yield* Effect.flatMap(http.execute(download), (response) => response.arrayBuffer)
      assert.deepStrictEqual(new Uint8Array(file), wav(2))

      const stranger = yield* newOrganization()
      assert.strictEqual((yield* stranger.operator.delete(path)).status, 404)
      assert.strictEqual((yield* operator.delete(path)).status, 204)
      assert.strictEqual((yield* operator.delete(path)).status, 404)
      assert.strictEqual((yield* operator.get(path)).status, 404)
    })
  )

  it.effect("are refused where they cannot be played, with a reason", () =>
    Effect.gen(function* () {
      const { operator, viewer } = yield* newOrganization()
      assert.strictEqual((yield* viewer.send(upload(wav(1)))).status, 403)
      for (const [bytes, why] of [
        [new TextEncoder().encode("not a wav file at all, but some text"), "not a WAV file"],
        [wav(0), "no audio"],
        [wav(121), "at most 120 s"]
      ] as const) {
        const refused = yield* operator.send(upload(bytes))
        assert.deepStrictEqual([refused.status, wrongFields(refused)], [422, ["wav"]])
        assert.include(text(refused, "errors.0.message"), why)
      }
      assert.strictEqual((yield* operator.send(upload(new Uint8Array(5 * 1024 * 1024)))).status, 413)
      assert.strictEqual((yield* operator.send(upload(wav(1)))).status, 201)
      assert.strictEqual((yield* operator.send(upload(wav(1)))).status, 409)
    })
  )
})
