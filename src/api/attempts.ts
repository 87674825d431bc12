/** Failed attempts that a client has in one window. */
export const maxAttempts = 10
/** ms. */
export const attemptWindow = 60_000
/** Clients that are remembered at the most; those who began longest ago are forgotten first. */
const maxClients = 10_000

interface Tried {
  readonly since: number
  count: number
}

/** Counts what clients try, by their address, in the memory of this node. Times are ms of one clock. */
export class Attempts {
  private readonly clients = new Map<string, Tried>()

  /** Notes an attempt. Gives the ms that the client has to wait; undefined: it may try. */
  begin(client: string, now: number): number | undefined {
    const known = this.clients.get(client)
    const tried = known === undefined || now - known.since >= attemptWindow ? this.fresh(client, now) : known
    if (tried.count >= maxAttempts) return tried.since + attemptWindow - now
    tried.count++
    return undefined
  }

  /** The attempt was right: it does not count. */
  succeeded(client: string) {
    const tried = this.clients.get(client)
    if (tried !== undefined && tried.count > 0) tried.count--
  }

  private fresh(client: string, since: number): Tried {
    this.clients.delete(client)
    const oldest = this.clients.size >= maxClients ? this.clients.keys().next().value : undefined
    if (oldest !== undefined) this.clients.delete(oldest)
    const tried: Tried = { since, count: 0 }
    this.clients.set(client, tried)
    return tried
  }
}
