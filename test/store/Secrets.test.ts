import { createHmac, randomBytes } from "node:crypto"
import { readdir, readFile, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import type { FormValues } from "../../src/Form.ts"
import { Settings } from "../../src/Settings.ts"
import { Envelope } from "../../src/store/envelope.ts"
import { fromKeys, Secrets } from "../../src/store/Secrets.ts"
import { temporaryFolder } from "../support/database.ts"

const newKey = () => Redacted.make(randomBytes(32).toString("base64"))
const oldKey = newKey()
const current = newKey()
const secrets = fromKeys([current, oldKey])
const place = { organizationId: "o", rowId: "r", field: "auth.token" }
const password = Redacted.make("correct horse battery staple")

const fromEnvironment = (environment: Readonly<Record<string, string>>) =>
  Effect.map(Layer.build(Secrets.layer.pipe(Layer.provide(Settings.test(environment)))), (context) =>
    Context.get(context, Secrets)
  )

const hexadecimal = (list: ReadonlyArray<Redacted.Redacted<Uint8Array>>) =>
  list.map((key) => Buffer.from(Redacted.value(key)).toString("hex"))
const hmac = (key: Uint8Array, text: Uint8Array | string) => createHmac("sha256", key).update(text).digest()

describe("Secrets", () => {
  it.effect.prop(
    "open what was sealed, for the same place only",
    [Schema.String, Schema.String, Schema.String],
    ([given, row, other]) =>
      Effect.gen(function* () {
        const text = given.toWellFormed() // UTF-8 has no lone surrogates
        const context = { ...place, rowId: row }
        const sealed = yield* secrets.seal(context, Redacted.make(text))
        const stored = yield* Schema.decodeEffect(Schema.fromJsonString(Envelope))(JSON.stringify(sealed))
        assert.strictEqual(Redacted.value(yield* secrets.open(context, stored)), text)
        if (other === row) return
        assert.strictEqual(
          (yield* Effect.flip(secrets.open({ ...context, rowId: other }, stored)))._tag,
          "SecretTampered"
        )
      })
  )

  it.effect("tell apart organization, row and field, whatever their texts run into", () =>
    Effect.gen(function* () {
      const sealed = yield* secrets.seal({ organizationId: "a", rowId: "bc", field: "d" }, password)
      for (const wrong of [
        { organizationId: "ab", rowId: "c", field: "d" },
        { organizationId: "a", rowId: "b", field: "cd" },
        { organizationId: "a", rowId: "bc", field: "" },
        { organizationId: "d", rowId: "bc", field: "a" }
      ]) {
        assert.strictEqual((yield* Effect.flip(secrets.open(wrong, sealed)))._tag, "SecretTampered")
      }
    })
  )

  it.effect.prop(
    "notice every changed bit, and never crash on a damaged envelope",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 })), Schema.String, Schema.Literals(["c", "n"])],
    ([at, garbage, part]) =>
      Effect.gen(function* () {
        const sealed = yield* secrets.seal(place, password)
        const bytes = Buffer.from(sealed[part], "base64")
        const flipped = bytes.map((byte, index) => (index === at % bytes.length ? byte ^ (1 << (at % 8)) : byte))
        const cut = bytes.subarray(0, at % bytes.length)
        for (const damaged of [Buffer.from(flipped).toString("base64"), cut.toString("base64"), garbage]) {
          const error = yield* Effect.flip(secrets.open(place, { ...sealed, [part]: damaged }))
          assert.strictEqual(error._tag, "SecretTampered")
        }
      })
  )

  it.effect("never give the same envelope twice, and never hold the secret", () =>
    Effect.gen(function* () {
      const sealed = yield* Effect.forEach(Array.from({ length: 50 }), () => secrets.seal(place, password))
      assert.strictEqual(new Set(sealed.map(({ n }) => n)).size, 50)
      assert.strictEqual(new Set(sealed.map(({ c }) => c)).size, 50)
      assert.notInclude(JSON.stringify([sealed, secrets.deriveKey("x")]), "horse")
    })
  )

  it.effect("seal under the newest key, open under all of them, and name the key that is missing", () =>
    Effect.gen(function* () {
      const before = fromKeys([oldKey])
      const old = yield* before.seal(place, password)
      assert.strictEqual(old.kid, before.newestKeyId)
      assert.strictEqual(Redacted.value(yield* secrets.open(place, old)), Redacted.value(password))
      const fresh = yield* secrets.seal(place, password)
      assert.strictEqual(fresh.kid, secrets.newestKeyId)
      const error = yield* Effect.flip(before.open(place, fresh))
      assert.strictEqual(error._tag, "UnknownEncryptionKey")
      assert.include(error.message, fresh.kid)
      assert.notInclude(error.message, Redacted.value(current))
    })
  )

  it("derive keys that differ by purpose and by key, newest first, and stay the same", () => {
    const tokens = hexadecimal(secrets.deriveKey("call tokens"))
    assert.deepStrictEqual(tokens, hexadecimal(fromKeys([current, oldKey]).deriveKey("call tokens")))
    assert.deepStrictEqual(tokens[1], hexadecimal(fromKeys([oldKey]).deriveKey("call tokens"))[0])
    assert.strictEqual(new Set([...tokens, ...hexadecimal(secrets.deriveKey("other"))]).size, 4)
    assert.strictEqual(tokens[0]?.length, 64)
    // RFC 5869, section 2, without a salt and with one block.
    const zeros = Buffer.alloc(32)
    const extracted = hmac(zeros, zeros)
    const own = fromKeys([Redacted.make(zeros.toString("base64"))])
    assert.deepStrictEqual(hexadecimal(own.deriveKey("call tokens")), [
      hmac(extracted, "call tokens\u0001").toString("hex")
    ])
    assert.strictEqual(own.newestKeyId, "66687aad")
  })
})

const values: FormValues = {
  account: "AC1",
  auth: { token: "secret-1", note: "plain" },
  keys: ["secret-2", "secret-3"],
  empty: null,
  port: 5060,
  group: { a: "secret-4" }
}
const sensitive = ["auth.token", "keys", "empty", "port", "group", "missing"]
const owner = { organizationId: "o", rowId: "r" }

describe("sealed fields", () => {
  it.effect("encrypt the sensitive values of a form, of whatever kind, and only those", () =>
    Effect.gen(function* () {
      const sealed = yield* secrets.sealFields(owner, Redacted.make(values), sensitive)
      assert.notInclude(JSON.stringify(sealed), "secret-")
      assert.notInclude(JSON.stringify(sealed), "5060")
      assert.deepStrictEqual([sealed["account"], sealed["empty"]], ["AC1", null])
      assert.deepStrictEqual(Redacted.value(yield* secrets.openFields(owner, sealed, sensitive)), values)
      const elsewhere = yield* Effect.flip(secrets.openFields({ ...owner, rowId: "x" }, sealed, sensitive))
      assert.strictEqual(elsewhere._tag, "SecretTampered")
      const moved: FormValues = { ...sealed, keys: sealed["port"] ?? null }
      assert.strictEqual((yield* Effect.flip(secrets.openFields(owner, moved, sensitive)))._tag, "SecretTampered")
    })
  )

  it.effect.prop("give back any form", [Schema.Record(Schema.String, Schema.Json)], ([form]) =>
    Effect.gen(function* () {
      const given: FormValues = JSON.parse(JSON.stringify(form))
      const fields = Object.keys(given)
      const sealed = yield* secrets.sealFields(owner, Redacted.make(given), fields)
      const opened = yield* secrets.openFields(owner, JSON.parse(JSON.stringify(sealed)), fields)
      assert.deepStrictEqual(Redacted.value(opened), given)
    })
  )
})

describe("the keys of the process", () => {
  it.effect("are made once in the data folder, readable by the owner only", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const environment = { SWITCHBOARD_DATA_DIR: join(folder, "data") }
      const made = yield* Effect.forEach([1, 2, 3, 4], () => fromEnvironment(environment), { concurrency: "unbounded" })
      assert.strictEqual(new Set(made.map(({ newestKeyId }) => newestKeyId)).size, 1)
      const again = yield* fromEnvironment(environment)
      assert.strictEqual(again.newestKeyId, made[0]?.newestKeyId)
      const file = join(folder, "data", "encryption.key")
      assert.strictEqual((yield* Effect.promise(() => stat(file))).mode & 0o777, 0o600)
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(join(folder, "data"))), ["encryption.key"])

      const newer = newKey()
      const rotating = yield* fromEnvironment({ ...environment, SWITCHBOARD_ENCRYPTION_KEY: Redacted.value(newer) })
      assert.strictEqual(rotating.newestKeyId, fromKeys([newer]).newestKeyId)
      const sealed = yield* again.seal(place, password)
      assert.strictEqual(Redacted.value(yield* rotating.open(place, sealed)), Redacted.value(password))
    }).pipe(Effect.scoped)
  )

  it.effect("are never replaced when the file is damaged", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const file = join(folder, "encryption.key")
      for (const damaged of ["", "short", "!".repeat(44)]) {
        yield* Effect.promise(() => writeFile(file, damaged))
        const error = yield* Effect.flip(fromEnvironment({ SWITCHBOARD_DATA_DIR: folder }))
        assert.strictEqual(error._tag, "KeyFileUnusable")
        assert.include(error.message, file)
        assert.strictEqual(yield* Effect.promise(() => readFile(file, "utf8")), damaged)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("come from the settings alone with a server", () =>
    Effect.gen(function* () {
      const made = yield* fromEnvironment({
        DATABASE_URL: "postgres://localhost/x",
        SWITCHBOARD_ENCRYPTION_KEY: `${Redacted.value(current)}, ${Redacted.value(oldKey)}`
      })
      assert.strictEqual(made.newestKeyId, secrets.newestKeyId)
      assert.strictEqual(made.deriveKey("x").length, 2)
    }).pipe(Effect.scoped)
  )
})
