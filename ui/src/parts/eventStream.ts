import { useEffect, useRef, useState } from "react"

/** `connecting`: never connected yet. `reconnecting`: the connection was lost and is being made again. */
export type StreamState = "connecting" | "live" | "reconnecting"

export interface StreamHandlers {
  /** What is done with the data of an event, by the event's name. */
  readonly on: Readonly<Record<string, (data: unknown) => void>>
  /** The connection ended: true where that is the end of what there is to read, and not a failure. */
  readonly isOver?: () => boolean
}

const RETRY_MS = 3000

/**
 * Reads server-sent events from an address of the service while the page can be seen: a browser has only six connections
 * for all pages of a host. After a failure it connects again every 3 s. `address` undefined: reads nothing. Data is JSON.
 */
export const useEventStream = (address: string | undefined, handlers: StreamHandlers): StreamState => {
  const [state, setState] = useState<StreamState>("connecting")
  const latest = useRef(handlers)
  useEffect(() => {
    latest.current = handlers
  })
  useEffect(() => {
    if (address === undefined) return
    let source: EventSource | undefined
    let retry: ReturnType<typeof setTimeout> | undefined
    let finished = false
    const close = () => {
      clearTimeout(retry)
      source?.close()
      source = undefined
    }
    const open = () => {
      close()
      const opened = new EventSource(address)
      source = opened
      opened.addEventListener("open", () => setState("live"))
      opened.addEventListener("error", () => {
        close()
        finished = latest.current.isOver?.() ?? false
        if (finished) return
        setState((before) => (before === "connecting" ? before : "reconnecting"))
        retry = setTimeout(open, RETRY_MS)
      })
      for (const name of Object.keys(latest.current.on)) {
        opened.addEventListener(name, (event: MessageEvent<string>) => {
          const data: unknown = JSON.parse(event.data)
          latest.current.on[name]?.(data)
        })
      }
    }
    const follow = () => {
      if (document.hidden) close()
      else if (source === undefined && !finished) open()
    }
    follow()
    document.addEventListener("visibilitychange", follow)
    return () => {
      document.removeEventListener("visibilitychange", follow)
      close()
    }
  }, [address])
  return state
}
