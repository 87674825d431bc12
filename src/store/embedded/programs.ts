import { readFile } from "node:fs/promises"
import { Effect } from "effect"

declare global {
  // Node has it; its type package does not. W3C, "WebAssembly JavaScript Interface", section 5.
  namespace WebAssembly {
    interface Module {
      readonly [Symbol.toStringTag]: "WebAssembly.Module"
    }
    function compile(bytes: Uint8Array): Promise<Module>
  }
}

/** The embedded database's compiled WebAssembly: the server, and the program that fills a new data folder. */
export interface Programs {
  readonly pgliteWasmModule: WebAssembly.Module
  readonly initdbWasmModule: WebAssembly.Module
}

const compile = async (name: string) =>
  WebAssembly.compile(await readFile(new URL(name, import.meta.resolve("@electric-sql/pglite"))))

const compileAll = async (): Promise<Programs> => {
  const [pgliteWasmModule, initdbWasmModule] = await Promise.all([compile("./pglite.wasm"), compile("./initdb.wasm")])
  return { pgliteWasmModule, initdbWasmModule }
}

let compiled: Promise<Programs> | undefined

/**
 * The programs, compiled once in this process and kept: threads share the machine code. A thread that compiles for itself
 * costs two seconds of CPU, and Node now and then crashes when such code is made and freed often (nodejs/node#64500).
 */
export const programs = Effect.promise(() => (compiled ??= compileAll()))
