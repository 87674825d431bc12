import { Download, Trash2 } from "lucide-react"
import { useRef, useState } from "react"
import { addressOf } from "../api/request.ts"
import { Badge, type Tone } from "../parts/Badge.tsx"
import { buttonClass, IconButton } from "../parts/Button.tsx"
import { ConfirmDialog } from "../parts/Dialog.tsx"
import { Card, Loaded, ProblemNote } from "../parts/Page.tsx"
import { durationText, Moment } from "../parts/time.tsx"
import { useMay } from "../session/session.ts"
import type { Call, Recording } from "./call.ts"
import { usePeaks, useRecordings, useRemoveRecording } from "./queries.ts"
import { Waveform } from "./Waveform.tsx"

const states: Readonly<Record<Recording["state"], readonly [tone: Tone, word: string]>> = {
  recording: ["bad", "Recording now"],
  paused: ["warn", "Paused"],
  ready: ["good", "Ready"],
  failed: ["bad", "Failed"],
  deleted: ["plain", "Deleted"]
}

const BUCKETS = 800
const MEGABYTE = 1_000_000

/** The recording heard and seen. */
const Player = ({ of: { call_id, id } }: { readonly of: Recording }) => {
  const audio = useRef<HTMLAudioElement>(null)
  const [at, setAt] = useState(0)
  const peaks = usePeaks(call_id, id, BUCKETS, true)
  const seek = (seconds: number) => {
    if (audio.current !== null) audio.current.currentTime = seconds
    setAt(seconds)
  }
  return (
    <div className="mt-3 flex flex-col gap-2">
      {peaks.error === null ? null : <ProblemNote cause={peaks.error} retry={() => void peaks.refetch()} />}
      {peaks.data === undefined ? (
        <div className="bg-raised h-24 rounded" />
      ) : (
        <Waveform peaks={peaks.data} atSeconds={at} onSeek={seek} />
      )}
      <audio
        ref={audio}
        controls
        preload="metadata"
        aria-label="Recording"
        src={addressOf("/api/v1/telephony/calls/:id/recordings/:rid", { params: { id: call_id, rid: id } })}
        onTimeUpdate={({ currentTarget }) => setAt(currentTarget.currentTime)}
        className="w-full"
      />
    </div>
  )
}

const Remove = ({ of: { call_id, id } }: { readonly of: Recording }) => {
  const [asked, setAsked] = useState(false)
  const remove = useRemoveRecording(call_id)
  return (
    <>
      <IconButton small label="Delete this recording" onClick={() => setAsked(true)}>
        <Trash2 size={14} aria-hidden />
      </IconButton>
      <ConfirmDialog
        open={asked}
        onClose={() => setAsked(false)}
        title="Delete this recording?"
        action="Delete"
        busy={remove.isPending}
        onConfirm={() => remove.mutate(id, { onSettled: () => setAsked(false) })}
      >
        The audio is gone for good. The call and its timeline stay.
      </ConfirmDialog>
    </>
  )
}

const One = ({ recording }: { readonly recording: Recording }) => {
  const mayListen = useMay("operator")
  const mayDelete = useMay("admin")
  const [tone, word] = states[recording.state]
  const { bytes, call_id, duration_ms, error, id, paused, started_at, state } = recording
  return (
    <li className="border-line border-t pt-3 first:border-t-0 first:pt-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Badge tone={tone}>{word}</Badge>
        <Moment at={started_at} />
        {duration_ms === null ? null : <span className="tabular-nums">{durationText(duration_ms)}</span>}
        {bytes === null ? null : <span className="text-muted">{(bytes / MEGABYTE).toFixed(1)} MB</span>}
        {paused.length === 0 ? null : <span className="text-muted">{paused.length}× paused</span>}
        {state === "ready" ? (
          <span className="ml-auto flex items-center gap-1">
            {mayListen ? (
              <a
                className={buttonClass("plain", true)}
                href={addressOf("/api/v1/telephony/calls/:id/recordings/:rid", { params: { id: call_id, rid: id } })}
                download
              >
                <Download size={14} aria-hidden />
                Download
              </a>
            ) : null}
            {mayDelete ? <Remove of={recording} /> : null}
          </span>
        ) : null}
      </div>
      {error === null ? null : <p className="text-bad mt-1">{error}</p>}
      {state !== "ready" ? null : mayListen ? (
        <Player of={recording} />
      ) : (
        <p className="text-muted mt-1">Listening to recordings needs the role operator.</p>
      )}
    </li>
  )
}

/** The recordings of a call; nothing where there is none. */
export const Recordings = ({ call }: { readonly call: Call }) => {
  const query = useRecordings(call.id)
  if (query.data?.length === 0) return null
  return (
    <Card title="Recordings">
      <Loaded of={query}>
        {(recordings) => (
          <ul className="flex flex-col gap-3">
            {recordings.map((recording) => (
              <One key={recording.id} recording={recording} />
            ))}
          </ul>
        )}
      </Loaded>
    </Card>
  )
}
