import { Circle, Forward, Grid3x3, Pause, PhoneOff, Play, Square } from "lucide-react"
import { useState } from "react"
import { Button } from "../parts/Button.tsx"
import { ConfirmDialog } from "../parts/Dialog.tsx"
import { Card } from "../parts/Page.tsx"
import { useMay } from "../session/session.ts"
import type { Call } from "./call.ts"
import { Keypad } from "./Keypad.tsx"
import { ListenIn } from "./ListenIn.tsx"
import { Meters } from "./Meters.tsx"
import { useHangUp, useRecordingAction, useRecordings } from "./queries.ts"
import { TransferDialog } from "./TransferDialog.tsx"

const HangUp = ({ call }: { readonly call: Call }) => {
  const [asked, setAsked] = useState(false)
  const hangUp = useHangUp(call)
  return (
    <>
      <Button look="danger" onClick={() => setAsked(true)}>
        <PhoneOff size={14} aria-hidden />
        Hang up
      </Button>
      <ConfirmDialog
        open={asked}
        onClose={() => setAsked(false)}
        title="Hang this call up?"
        action="Hang up"
        busy={hangUp.isPending}
        onConfirm={() => hangUp.mutate(undefined, { onSettled: () => setAsked(false) })}
      >
        {call.direction === "inbound" ? call.from : call.to} is cut off at once, in the middle of a word if need be.
      </ConfirmDialog>
    </>
  )
}

const RecordingControls = ({ call }: { readonly call: Call }) => {
  const { data = [] } = useRecordings(call.id)
  const { isPending, mutate } = useRecordingAction(call.id)
  const current = data.find(({ state }) => state === "recording" || state === "paused")
  if (current === undefined)
    return (
      <Button busy={isPending} onClick={() => mutate("start")}>
        <Circle size={14} aria-hidden />
        Record
      </Button>
    )
  return (
    <>
      {current.state === "recording" ? (
        <Button busy={isPending} onClick={() => mutate("pause")}>
          <Pause size={14} aria-hidden />
          Pause recording
        </Button>
      ) : (
        <Button busy={isPending} onClick={() => mutate("resume")}>
          <Play size={14} aria-hidden />
          Resume recording
        </Button>
      )}
      <Button busy={isPending} onClick={() => mutate("stop")}>
        <Square size={14} aria-hidden />
        End recording
      </Button>
    </>
  )
}

const Commands = ({ call }: { readonly call: Call }) => {
  const [transferring, setTransferring] = useState(false)
  const [pad, setPad] = useState(false)
  const talking = call.media_state === "streaming"
  const soon = talking ? undefined : "Wait until audio flows"
  return (
    <>
      <div className="flex flex-wrap gap-2">
        <Button disabled={!talking} title={soon} onClick={() => setTransferring(true)}>
          <Forward size={14} aria-hidden />
          Transfer
        </Button>
        <Button disabled={!talking} title={soon} aria-expanded={pad} onClick={() => setPad(!pad)}>
          <Grid3x3 size={14} aria-hidden />
          Keypad
        </Button>
        {talking ? <RecordingControls call={call} /> : null}
        <HangUp call={call} />
      </div>
      {pad && talking ? <Keypad callId={call.id} /> : null}
      <TransferDialog call={call} open={transferring} onClose={() => setTransferring(false)} />
    </>
  )
}

/** What can be seen, heard and done while a call goes on. */
export const LiveControls = ({ call }: { readonly call: Call }) => {
  const may = useMay("operator")
  return (
    <Card title="Live" className="flex flex-col gap-4">
      {call.media_state === "streaming" ? <Meters callId={call.id} /> : null}
      <ListenIn call={call} />
      {may ? (
        <Commands call={call} />
      ) : (
        <p className="text-muted">You may watch. Hanging up, transferring and listening need the role operator.</p>
      )}
    </Card>
  )
}
