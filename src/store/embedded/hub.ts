import { Buffer } from "node:buffer"
import { Duplex } from "node:stream"
import { messagesOf, NOTIFICATION_RESPONSE, READY_FOR_QUERY } from "./protocol.ts"

// PostgreSQL, "Frontend/Backend Protocol", message formats.
const TERMINATE = 0x58
const TRANSACTION_IDLE = 0x49
const PROTOCOL_3_0 = 196_608
const STARTUP_CODE_AT = 4
const ROLLBACK = Buffer.from("Q\0\0\0\x0dROLLBACK\0", "latin1")

/** Many wire connections over one single-session database. */
export interface Hub {
  /** A new connection, as if to a server. */
  readonly connect: () => Duplex
  /** Breaks every open connection: the session behind them is gone. */
  readonly reset: (cause: Error) => void
}

interface Submission {
  readonly from: Duplex
  readonly frame: Uint8Array
}

/**
 * Lets many connections share the one session of an embedded database. A write of the client is a whole protocol cycle
 * (the startup message, or everything up to a Sync); cycles run in turn, and a transaction keeps the session until it
 * ends. Notifications go to every connection: the session cannot tell which of them listens.
 *
 * `execute` takes the bytes of a cycle and gives the server's reply; when it rejects, the session is lost.
 */
export const makeHub = (execute: (frame: Uint8Array) => Promise<Uint8Array>): Hub => {
  const open = new Set<Duplex>()
  let waiting: Array<Submission> = []
  let owner: Duplex | undefined
  let running = false

  const deliver = (to: Duplex, reply: Uint8Array) => {
    // Until the server is ready again, and while a transaction is open.
    owner = to
    for (const { type, body, bytes } of messagesOf(reply)) {
      if (type === READY_FOR_QUERY) owner = body[0] === TRANSACTION_IDLE ? undefined : to
      for (const each of type === NOTIFICATION_RESPONSE ? open : [to]) {
        if (open.has(each)) each.push(bytes)
      }
    }
    // Its transaction outlived the connection.
    if (owner !== undefined && !open.has(owner)) waiting.unshift({ from: owner, frame: ROLLBACK })
  }

  const reset = (cause: Error) => {
    const broken = Array.from(open)
    open.clear()
    waiting = []
    owner = undefined
    for (const connection of broken) connection.destroy(cause)
  }

  const take = (): Submission | undefined => {
    const at = owner === undefined ? 0 : waiting.findIndex(({ from }) => from === owner)
    return at < 0 ? undefined : waiting.splice(at, 1)[0]
  }

  const pump = () => {
    if (running) return
    const next = take()
    if (next === undefined) return
    running = true
    const done = () => {
      running = false
      pump()
    }
    execute(next.frame)
      .then(
        (reply) => deliver(next.from, reply),
        (cause: Error) => reset(cause)
      )
      .then(done, done)
  }

  const submit = (from: Duplex, frame: Uint8Array) => {
    waiting.push({ from, frame })
    pump()
  }

  const connect = () => {
    let started = false
    const leave = () => {
      if (!open.delete(connection)) return
      waiting = waiting.filter(({ from }) => from !== connection)
      if (owner === connection && !running) submit(connection, ROLLBACK)
    }
    const connection = new Duplex({
      read() {},
      write(frame: Buffer, _encoding, done) {
        // Nothing here can cancel: a CancelRequest is a connection that ends at once.
        const cancels = !started && frame.readUInt32BE(STARTUP_CODE_AT) !== PROTOCOL_3_0
        started = true
        if (cancels) connection.push(null)
        else if (frame[0] !== TERMINATE) submit(connection, frame)
        done()
      },
      final(done) {
        leave()
        connection.push(null)
        done()
      },
      destroy(error, done) {
        leave()
        done(error)
      }
    })
    open.add(connection)
    return connection
  }

  return { connect, reset }
}
