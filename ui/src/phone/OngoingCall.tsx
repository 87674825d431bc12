import { Link, useRouterState } from "@tanstack/react-router"
import { PhoneOff } from "lucide-react"
import { useEffect, useSyncExternalStore } from "react"
import { Button, buttonClass } from "../parts/Button.tsx"
import { Lasting } from "./clock.tsx"
import { softphone } from "./softphone.ts"

/** The call that goes on while its person looks at other pages than the phone's. Who signs out hangs up. */
export const OngoingCall = () => {
  const state = useSyncExternalStore(softphone.state.subscribe, softphone.state.get)
  const path = useRouterState({ select: ({ location }) => location.pathname })
  useEffect(() => softphone.hangUp, [])
  if (state.phase !== "talking" || path === "/phone") return null
  return (
    <section
      aria-label="Your call"
      className="border-accent bg-surface mb-4 flex flex-wrap items-center justify-between gap-2 rounded-lg border px-4 py-2"
    >
      <p>
        Talking with <span className="font-medium">{state.agentName}</span> · <Lasting since={state.since} />
      </p>
      <div className="flex gap-2">
        <Link to="/phone" className={buttonClass("plain", true)}>
          To the phone
        </Link>
        <Button small look="danger" onClick={softphone.hangUp}>
          <PhoneOff size={14} aria-hidden />
          Hang up
        </Button>
      </div>
    </section>
  )
}
