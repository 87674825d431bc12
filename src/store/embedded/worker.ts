import { parentPort, workerData } from "node:worker_threads"
import { PGlite } from "@electric-sql/pglite"
import { causeText } from "../causeText.ts"
import { fatalError } from "./protocol.ts"

// The entry of the worker thread that runs the embedded database of the folder given as its argument, with the compiled
// programs given as its data. In: the bytes of one protocol cycle each, or "close". Out: "ready" once, then one reply per
// cycle, in order. A failure ends the thread after its text: the session cannot be trusted then. Imports little, because a
// start waits for it.

/** Enough for one process; PostgreSQL's own default costs 130 MB more. */
const SHARED_BUFFERS = "16MB"

const [, , dataDir = ""] = process.argv

const database = await PGlite.create({
  dataDir,
  ...workerData,
  startParams: [...PGlite.defaultStartParams, "-c", `shared_buffers=${SHARED_BUFFERS}`]
})

const fail = (cause: unknown) => {
  parentPort?.postMessage(causeText(cause), [])
  process.exit(1)
}

const answer = (reply: Uint8Array) => {
  const fatal = fatalError(reply)
  // A copy of its own can be handed over instead of cloned with the memory around it.
  const bytes = new Uint8Array(reply)
  parentPort?.postMessage(bytes, [bytes.buffer])
  if (fatal !== undefined) fail(fatal)
}

parentPort?.on("message", (message: unknown) => {
  if (message instanceof Uint8Array) void database.execProtocolRaw(message).then(answer).catch(fail)
  else void database.close().then(() => process.exit(0), fail)
})
parentPort?.postMessage("ready", [])
