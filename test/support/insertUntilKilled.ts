import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../../src/store/Database.ts"
import { uuidV7 } from "../../src/store/Ids.ts"

// A process to be killed: inserts organizations into the embedded database of the folder given as its argument, from
// several fibers, and prints the id of each one after the database acknowledged it.

const insert = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const id = yield* uuidV7
  yield* sql`INSERT INTO organizations ${sql.insert({ id, name: "acknowledged" })}`
  yield* Console.log(id)
})

NodeRuntime.runMain(
  Effect.forEach([1, 2, 3, 4], () => Effect.forever(insert), { concurrency: "unbounded" }).pipe(
    Effect.provide(Database.embedded(process.argv[2] ?? ""))
  )
)
