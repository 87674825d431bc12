import { dirname } from "node:path"
import { Effect, FileSystem, Schema } from "effect"
import { channelOf, readWav } from "../../src/audio/wav.ts"
import { Registry } from "../../src/Registry.ts"
import type { SpokenAudio } from "../../src/simulator/SimulatorModule.ts"

/** What stops the command, in words for a person. */
export class SimulationFailed extends Schema.TaggedError<SimulationFailed>()("SimulationFailed", {
  message: Schema.String
}) {}

const stop = (message: string) => new SimulationFailed({ message })

/** The fake carrier of a provider. */
export const simulatorOf = Effect.fnUntraced(function* (name: string) {
  const registry = yield* Registry
  const spec = yield* registry
    .get(name)
    .pipe(
      Effect.catchTag("UnknownProvider", ({ message }) =>
        Effect.flatMap(registry.all, (known) =>
          stop(`${message} There is: ${known.map(({ name }) => name).join(", ")}.`)
        )
      )
    )
  if (spec.simulator === undefined) return yield* stop(`There is no simulator for ${spec.name} yet.`)
  const { simulator } = yield* Effect.promise(spec.simulator)
  return { name: spec.name, simulator }
})

/** The fake carriers of a provider, or of all that have one when the name is `all`. */
export const simulatorsOf = Effect.fnUntraced(function* (name: string) {
  if (name !== "all") return [yield* simulatorOf(name)]
  const specs = yield* (yield* Registry).all
  return yield* Effect.forEach(
    specs.filter(({ simulator }) => simulator !== undefined),
    (spec) => simulatorOf(spec.name)
  )
})

const unreadable: Readonly<Record<string, string>> = {
  NotFound: "there is no such file.",
  PermissionDenied: "you may not read it.",
  BadResource: "it is a folder, not a file."
}

/** A WAV file's first channel. */
export const readSpeech = Effect.fnUntraced(function* (path: string) {
  const files = yield* FileSystem.FileSystem
  const bytes = yield* files
    .readFile(path)
    .pipe(
      Effect.mapError(({ reason }) => stop(`--audio ${path} cannot be read: ${unreadable[reason._tag] ?? reason._tag}`))
    )
  const wav = yield* Effect.mapError(Effect.fromResult(readWav(bytes)), ({ message }) =>
    stop(`--audio ${path} cannot be used. ${message}`)
  )
  const audio: SpokenAudio = { format: wav.format, bytes: channelOf(wav, 0) }
  return audio.bytes.length > 0 ? audio : yield* stop(`--audio ${path} holds no audio. Record something, and save it.`)
})

/** Whether a file can be written there: better known before the call than after it. */
export const checkOut = Effect.fnUntraced(function* (path: string) {
  const files = yield* FileSystem.FileSystem
  const folder = dirname(path)
  yield* files
    .access(folder, { writable: true })
    .pipe(
      Effect.mapError(() =>
        stop(`--out ${path} cannot be written: the folder ${folder} is not there, or not yours to write in.`)
      )
    )
  const isFolder = yield* files.stat(path).pipe(
    Effect.map(({ type }) => type === "Directory"),
    Effect.orElseSucceed(() => false)
  )
  if (isFolder) yield* stop(`--out ${path} is a folder. Name a file in it, such as ${path}/heard.wav.`)
})

/** The address of a service, without a trailing slash. */
export const readServiceUrl = (text: string) => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol)
    ? Effect.succeed(text.replace(/\/+$/, ""))
    : Effect.fail(
        stop(`--service ${text} is no address of a service. Give its PUBLIC_URL, such as http://127.0.0.1:8080.`)
      )
}
