import { Play, Square, Trash2 } from "lucide-react"
import { useRef, useState } from "react"
import { Button } from "../parts/Button.tsx"
import { CopyButton } from "../parts/CopyButton.tsx"
import { ConfirmDialog } from "../parts/Dialog.tsx"
import { useNotices } from "../parts/Notices.tsx"
import { EmptyState, Loaded } from "../parts/Page.tsx"
import { Cell, Table } from "../parts/Table.tsx"
import { durationText, Moment } from "../parts/time.tsx"
import { useMay } from "../session/session.ts"
import { type AudioClip, clipAddress, useClips, useRemoveClip } from "./clipQueries.ts"
import { UploadClip } from "./UploadClip.tsx"

const RemoveClip = ({ clip, onClose }: { readonly clip: AudioClip; readonly onClose: () => void }) => {
  const remove = useRemoveClip()
  const { bad, good } = useNotices()
  const confirmed = () =>
    remove.mutate(clip.id, { onSuccess: () => good(`${clip.name} is deleted.`), onError: bad, onSettled: onClose })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Delete ${clip.name}?`}
      action="Delete"
      busy={remove.isPending}
      onConfirm={confirmed}
    >
      Agents whose settings name it do without: a soft tone instead of a hold sound, no announcement.
    </ConfirmDialog>
  )
}

/** The sounds that agents' settings refer to by their ids. */
export const ClipList = () => {
  const clips = useClips()
  const mayEdit = useMay("operator")
  const { bad } = useNotices()
  const player = useRef<HTMLAudioElement>(null)
  const [playing, setPlaying] = useState<string>()
  const [removing, setRemoving] = useState<AudioClip>()

  const play = (clip: AudioClip) => {
    const audio = player.current
    if (audio === null) return
    audio.src = clipAddress(clip.id)
    setPlaying(clip.id)
    audio.play().catch((cause: unknown) => {
      if (cause instanceof DOMException && cause.name === "AbortError") return
      setPlaying(undefined)
      bad(new Error(`This browser cannot play ${clip.name}. Calls still can.`))
    })
  }
  const stop = () => {
    player.current?.pause()
    setPlaying(undefined)
  }

  return (
    <div className="flex flex-col gap-5">
      <p className="text-muted max-w-2xl">
        Sounds that callers hear while an agent cannot be reached. Copy a clip's id into the settings of an agent.
      </p>
      {mayEdit ? <UploadClip /> : null}
      <audio ref={player} onEnded={stop} />
      <Loaded of={clips}>
        {(list) =>
          list.length === 0 ? (
            <EmptyState title="No audio clips">
              {mayEdit ? "Upload a WAV file above." : "Somebody with the role operator can upload one."}
            </EmptyState>
          ) : (
            <Table label="Audio clips" head={["Name", "Length", "Uploaded", "Id", "(What to do)"]}>
              {list.map((clip) => (
                <tr key={clip.id}>
                  <Cell className="font-medium">{clip.name}</Cell>
                  <Cell className="whitespace-nowrap">{durationText(clip.duration_ms)}</Cell>
                  <Cell className="text-muted">
                    <Moment at={clip.created_at} />
                  </Cell>
                  <Cell>
                    <span className="flex items-center gap-1 font-mono text-xs whitespace-nowrap">
                      {clip.id}
                      <CopyButton text={clip.id} what={`id of ${clip.name}`} />
                    </span>
                  </Cell>
                  <Cell>
                    <div className="flex justify-end gap-1">
                      {playing === clip.id ? (
                        <Button small aria-label={`Stop ${clip.name}`} onClick={stop}>
                          <Square size={14} aria-hidden />
                          Stop
                        </Button>
                      ) : (
                        <Button small aria-label={`Play ${clip.name}`} onClick={() => play(clip)}>
                          <Play size={14} aria-hidden />
                          Play
                        </Button>
                      )}
                      {mayEdit ? (
                        <Button
                          small
                          look="danger"
                          aria-label={`Delete ${clip.name}`}
                          onClick={() => setRemoving(clip)}
                        >
                          <Trash2 size={14} aria-hidden />
                          Delete
                        </Button>
                      ) : null}
                    </div>
                  </Cell>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
      {removing === undefined ? null : <RemoveClip clip={removing} onClose={() => setRemoving(undefined)} />}
    </div>
  )
}
