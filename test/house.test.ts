import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { importsOf, root, sourceFiles } from "./support/imports.ts"

/** The floors of the house, ground first. A room imports only from floors below its own. */
const floors: ReadonlyArray<ReadonlyArray<string>> = [
  ["Settings", "Audio", "audio", "Form", "FormConstraints", "network"],
  ["Transport", "transport", "answering", "carrier", "store", "simulator"],
  ["ProviderSpec", "agents"],
  ["Registry"],
  ["organizations", "recording"],
  ["telephony"],
  ["providers"],
  ["TelephonyConfig"],
  ["api"],
  ["Http", "http", "Observability", "startFailure"],
  ["main"]
]

/** Kinds of agents that are named after a protocol, which has a provider's name. They know nothing of the provider. */
const protocolKinds = ["src/agents/twilioStream/"]

/** Rooms of one subject that may use each other: the file is the folder's face. */
const faces: ReadonlyArray<ReadonlySet<string>> = [
  new Set(["Audio", "audio"]),
  new Set(["Form", "FormConstraints"]),
  new Set(["Transport", "transport"]),
  new Set(["Http", "http"])
]

const roomOf = (file: string) => (file.split("/")[1] ?? "").replace(/\.ts$/, "")
const floorOf = (room: string) => floors.findIndex((rooms) => rooms.includes(room))

const Manifest = Schema.fromJsonString(Schema.Struct({ dependencies: Schema.Record(Schema.String, Schema.String) }))

const packageOf = (specifier: string) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/")

const files = sourceFiles("src")
const imports = files.flatMap(importsOf).filter(({ to }) => to.startsWith("src/"))
const providerNames = readdirSync(join(root, "src/providers"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
const providerOf = (file: string) => /^src\/providers\/([^/]+)\//.exec(file)?.[1]

describe("the house", () => {
  it("has a floor for every room", () => {
    assert.deepStrictEqual(
      files.map(roomOf).filter((room) => floorOf(room) < 0),
      []
    )
  })

  it("lets a room import only from floors below its own", () => {
    const isAllowed = (from: string, to: string) =>
      from === to || floorOf(to) < floorOf(from) || faces.some((face) => face.has(from) && face.has(to))
    assert.deepStrictEqual(
      imports
        .filter(({ from, to }) => !isAllowed(roomOf(from), roomOf(to)))
        .map(({ from, to }) => `${from} imports ${to}`),
      []
    )
  })

  it("keeps a provider's files, but its routes, on floors 1 to 4", () => {
    assert.deepStrictEqual(
      imports
        .filter(({ from, to }) => {
          const isRoutes = /\/routes(\.ts|\/)/.test(from)
          return (
            providerOf(from) !== undefined && providerOf(to) === undefined && floorOf(roomOf(to)) > (isRoutes ? 5 : 3)
          )
        })
        .map(({ from, to }) => `${from} imports ${to}`),
      []
    )
  })

  it("never lets one provider import another", () => {
    assert.deepStrictEqual(
      imports.filter(({ from, to }) => {
        const [one, other] = [providerOf(from), providerOf(to)]
        return one !== undefined && other !== undefined && one !== other
      }),
      []
    )
  })

  it("names a provider only in its folder, in the list of providers and in the unions", () => {
    const allowed = new Set(["src/providers/index.ts", "src/TelephonyConfig.ts"])
    const named = files
      .filter((file) => providerOf(file) === undefined && !allowed.has(file))
      .filter((file) => !protocolKinds.some((folder) => file.startsWith(folder)))
      .flatMap((file) => {
        const text = readFileSync(join(root, file), "utf8").toLowerCase()
        return providerNames
          .filter((name) => new RegExp(`\\b${name}\\b(?!-stream)`).test(text))
          .map((name) => `${file}: ${name}`)
      })
    assert.deepStrictEqual(named, [])
  })

  it("takes one line for a provider in each of the two files outside its folder", () => {
    for (const file of ["src/providers/index.ts", "src/TelephonyConfig.ts"]) {
      const lines = readFileSync(join(root, file), "utf8").split("\n")
      for (const name of providerNames) {
        const naming = lines.filter((line) => new RegExp(`\\b${name}\\b`).test(line))
        assert.strictEqual(naming.length, 1, `${file} names ${name} on ${naming.length} lines`)
      }
    }
  })

  it("loads a provider's routes and simulator lazily", () => {
    assert.deepStrictEqual(
      imports.filter(
        ({ from, to, isDynamic }) =>
          !isDynamic && /^src\/providers\/[^/]+\/index\.ts$/.test(from) && /\/(routes|simulator)(\.ts|\/)/.test(to)
      ),
      []
    )
  })

  it("keeps a simulator apart from the code that it checks", () => {
    assert.deepStrictEqual(
      imports.filter(
        ({ from, to }) =>
          (/^src\/providers\/[^/]+\/simulator/.test(from) || from.startsWith("src/simulator/")) &&
          ((providerOf(to) !== undefined && !/^src\/providers\/[^/]+\/simulator/.test(to)) ||
            to.startsWith("src/carrier/"))
      ),
      []
    )
  })

  it("lets only organizations' callers above them use the static unions", () => {
    assert.deepStrictEqual(
      imports.filter(({ from, to }) => to === "src/TelephonyConfig.ts" && !from.startsWith("src/api/")),
      []
    )
  })

  it("needs only production packages", () => {
    const { dependencies } = Schema.decodeUnknownSync(Manifest)(readFileSync(join(root, "package.json"), "utf8"))
    assert.deepStrictEqual(
      files
        .flatMap(importsOf)
        .filter(({ to }) => !to.startsWith("src/") && !to.startsWith("node:") && !(packageOf(to) in dependencies))
        .map(({ from, to }) => `${from} imports ${to}`),
      []
    )
  })

  it("lets only providers make a verified request", () => {
    const uses = files.filter(
      (file) =>
        providerOf(file) === undefined &&
        file !== "src/carrier/VerifiedRequest.ts" &&
        readFileSync(join(root, file), "utf8").includes("VerifiedRequest.verifier")
    )
    assert.deepStrictEqual(uses, [])
  })
})
