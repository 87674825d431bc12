import { Link } from "@tanstack/react-router"
import { AudioLines, Mic, MicOff, PhoneOff } from "lucide-react"
import { Badge } from "../parts/Badge.tsx"
import { Button } from "../parts/Button.tsx"
import { Card } from "../parts/Page.tsx"
import { Lasting } from "./clock.tsx"
import { Keypad } from "./Keypad.tsx"
import { LevelMeter } from "./LevelMeter.tsx"
import { type PhoneState, softphone } from "./softphone.ts"

const hint = {
  microphone: "Speak: what you say goes to the agent. A headset keeps the agent from hearing itself.",
  sample: "A synthetic voice without words speaks to the agent, over and over."
} as const

/** The call that is going on: how it sounds, and what can be done with it. */
export const Talking = ({ state }: { readonly state: Extract<PhoneState, { readonly phase: "talking" }> }) => {
  const { agentName, callId, digits, hasMicrophone, isMuted, since, voice, warning } = state
  const isSample = voice === "sample"
  return (
    <Card>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <div>
          <h2 className="text-base font-semibold" aria-live="polite">
            Talking with {agentName}
          </h2>
          <p className="text-muted">
            <Lasting since={since} />
            {callId === undefined ? null : (
              <>
                {" · "}
                <Link to="/calls/$callId" params={{ callId }} className="text-accent underline">
                  The call's page
                </Link>
              </>
            )}
          </p>
        </div>
        <div className="flex gap-2">
          {isMuted ? <Badge tone="warn">muted</Badge> : null}
          {isSample ? <Badge tone="accent">sample voice</Badge> : null}
        </div>
      </div>

      <div className="my-5 flex flex-col gap-3">
        <LevelMeter side="said" label="You" />
        <LevelMeter side="heard" label="Agent" />
      </div>
      {warning === undefined ? null : (
        <p role="alert" className="border-warn bg-warn-soft text-warn mb-4 rounded-md border p-3">
          {warning}
        </p>
      )}
      <p className="text-muted mb-4 text-xs">{isMuted ? "You are muted: the agent hears silence." : hint[voice]}</p>

      <div className="flex flex-wrap gap-2">
        <Button aria-pressed={isMuted} onClick={() => softphone.mute(!isMuted)}>
          {isMuted ? <MicOff size={16} aria-hidden /> : <Mic size={16} aria-hidden />}
          {isMuted ? "Unmute" : "Mute"}
        </Button>
        <Button
          aria-pressed={isSample}
          disabled={isSample && !hasMicrophone}
          title={isSample && !hasMicrophone ? "This call was begun without a microphone." : undefined}
          onClick={() => softphone.speakAs(isSample ? "microphone" : "sample")}
        >
          <AudioLines size={16} aria-hidden />
          {isSample ? "Speak yourself" : "Play the sample voice"}
        </Button>
        <Button look="danger" onClick={softphone.hangUp}>
          <PhoneOff size={16} aria-hidden />
          Hang up
        </Button>
      </div>

      <div className="border-line mt-5 border-t pt-4">
        <Keypad pressed={digits} press={softphone.press} />
      </div>
    </Card>
  )
}
