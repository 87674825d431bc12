import { Headphones, Square } from "lucide-react"
import { useId } from "react"
import { Button } from "../parts/Button.tsx"
import { useMay } from "../session/session.ts"
import type { Call } from "./call.ts"
import { type Listening, useListening } from "./listen.ts"

const words: Readonly<Record<Listening, string>> = {
  idle: "",
  connecting: "Connecting…",
  listening: "You hear the call: the caller left, the agent right. Nobody hears you.",
  over: "The call's audio has ended.",
  refused: "The call cannot be heard now: it has no audio, or another node of the service carries it."
}

/** Listening to a live call. */
export const ListenIn = ({ call }: { readonly call: Call }) => {
  const { setVolume, start, state, stop, volume } = useListening(call.id)
  const may = useMay("operator")
  const id = useId()
  const on = state === "connecting" || state === "listening"
  const silent = call.media_state !== "streaming"
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-3">
        {on ? (
          <Button onClick={stop}>
            <Square size={14} aria-hidden />
            Stop listening
          </Button>
        ) : (
          <Button
            disabled={!may || silent}
            title={may ? (silent ? "No audio flows yet" : undefined) : "Needs the role operator"}
            onClick={start}
          >
            <Headphones size={14} aria-hidden />
            Listen in
          </Button>
        )}
        {state === "listening" ? (
          <>
            <label htmlFor={id} className="text-muted text-xs">
              Volume
            </label>
            <input
              id={id}
              type="range"
              min={0}
              max={2}
              step={0.05}
              value={volume}
              className="accent-accent w-32"
              onChange={({ target }) => setVolume(Number(target.value))}
            />
          </>
        ) : null}
      </div>
      <p role="status" className="text-muted text-xs empty:hidden">
        {words[state]}
      </p>
    </div>
  )
}
