import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, FileSystem, Path, Schema } from "effect"
import { Argument, Command } from "effect/cli"
import * as prettier from "prettier"
import { tell } from "./tell.ts"

class CannotScaffold extends Schema.TaggedError<CannotScaffold>()("CannotScaffold", { message: Schema.String }) {}

const ProviderName = Schema.String.check(
  Schema.isPattern(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, {
    message: "Expected lower-case letters and digits, words joined by hyphens, such as acme or acme-sip"
  }),
  Schema.isMaxLength(64)
)

const words = (name: string) => name.split("-").map((word) => word.charAt(0).toUpperCase() + word.slice(1))
const typeName = (name: string) => words(name).join("")
const identifier = (name: string) => typeName(name).charAt(0).toLowerCase() + typeName(name).slice(1)

const lastSpec = /^\] as const$/m

/** Writes `src/providers/<name>/` from the template, and the two lines outside it. */
const scaffold = Effect.fn("newProvider")(function* (name: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const here = yield* path.fromFileUrl(new URL(".", import.meta.url))
  const source = path.join(here, "..", "src")
  const template = path.join(here, "provider-template")
  const folder = path.join(source, "providers", name)
  if (yield* fs.exists(folder)) {
    return yield* new CannotScaffold({ message: `src/providers/${name} exists already. Nothing was written.` })
  }

  yield* fs.makeDirectory(folder)
  const files = (yield* fs.readDirectory(template)).filter((file) => file.endsWith(".txt"))
  for (const file of files) {
    const text = yield* fs.readFileString(path.join(template, file))
    const target = path.join(folder, file.replace(/\.txt$/, ""))
    const filled = text.replaceAll("__name__", name).replaceAll("__Name__", typeName(name))
    const formatted = yield* Effect.promise(async () =>
      prettier.format(filled, { ...(await prettier.resolveConfig(target)), parser: "typescript" })
    )
    yield* fs.writeFileString(target, formatted)
  }

  const edit = Effect.fnUntraced(function* (file: string, change: (text: string) => string) {
    const target = path.join(source, file)
    yield* fs.writeFileString(target, change(yield* fs.readFileString(target)))
  })
  yield* edit("providers/index.ts", (text) => `${text}export * as ${identifier(name)} from "./${name}/index.ts"\n`)
  yield* edit("TelephonyConfig.ts", (text) =>
    text.replace(lastSpec, `  providers.${identifier(name)}.spec,\n] as const`)
  )

  yield* Console.log(`Wrote src/providers/${name}/ (${files.length} files) and one line each in
src/providers/index.ts and src/TelephonyConfig.ts. It works as it is, against a carrier that nobody runs:
a small JSON protocol, so that you can replace one piece at a time. Read src/providers/README.md next.`)
})

const command = Command.make("new-provider", {
  name: Argument.String("name").pipe(
    Argument.withDescription("The registry name of the carrier"),
    Argument.withSchema(ProviderName)
  )
}).pipe(
  Command.withDescription("Start a new carrier: a folder that works, and the two lines outside it"),
  Command.withHandler(({ name }) => scaffold(name))
)

const main = command.pipe(Command.run({ version: "1.0.0" }), Effect.provide(NodeServices.layer), tell)

NodeRuntime.runMain(main, { disableErrorReporting: true })
