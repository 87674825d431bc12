import { Upload } from "lucide-react"
import { type FormEvent, useRef, useState } from "react"
import { Labelled, TextInput } from "../form/inputs.tsx"
import { Button } from "../parts/Button.tsx"
import { useNotices } from "../parts/Notices.tsx"
import { Card, ProblemNote } from "../parts/Page.tsx"
import { useUploadClip } from "./clipQueries.ts"

const LARGEST_BYTES = 4 * 1024 * 1024

/** Takes a WAV file from this machine; it is called as the file is, unless somebody says otherwise. */
export const UploadClip = () => {
  const input = useRef<HTMLInputElement>(null)
  const [file, setFile] = useState<File>()
  const [name, setName] = useState("")
  const upload = useUploadClip()
  const { good } = useNotices()
  const isTooLarge = file !== undefined && file.size > LARGEST_BYTES

  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (file === undefined) return
    upload.mutate(
      { name: name.trim(), file },
      {
        onSuccess: () => {
          good(`${name.trim()} is uploaded.`)
          setFile(undefined)
          setName("")
          if (input.current !== null) input.current.value = ""
        }
      }
    )
  }
  const choose = (chosen: File | undefined) => {
    upload.reset()
    setFile(chosen)
    setName((chosen?.name ?? "").replace(/\.wav$/i, "").slice(0, 64))
  }

  return (
    <Card title="Upload an audio clip">
      <form noValidate className="grid items-end gap-4 sm:grid-cols-[1fr_1fr_auto] sm:items-start" onSubmit={submit}>
        <Labelled
          id="clip-file"
          label="WAV file"
          description="16-bit PCM, mu-law or A-law, 8 to 48 kHz, up to 120 s and 4 MiB."
          error={isTooLarge ? "The file is larger than 4 MiB." : undefined}
        >
          {(aria) => (
            <input
              {...aria}
              ref={input}
              type="file"
              accept=".wav,audio/wav,audio/x-wav"
              className="file:border-line file:bg-surface file:text-ink min-h-9 w-full text-xs file:mr-2 file:min-h-9 file:rounded-md file:border file:px-3 file:font-medium"
              onChange={(event) => choose(event.target.files?.[0])}
            />
          )}
        </Labelled>
        <Labelled id="clip-name" label="Name">
          {(aria) => <TextInput {...aria} value={name} onChange={(event) => setName(event.target.value)} />}
        </Labelled>
        <Button
          type="submit"
          look="primary"
          className="sm:mt-6"
          busy={upload.isPending}
          disabled={file === undefined || isTooLarge || name.trim() === ""}
        >
          <Upload size={16} aria-hidden />
          Upload
        </Button>
      </form>
      {upload.error === null ? null : (
        <div className="mt-3">
          <ProblemNote cause={upload.error} />
        </div>
      )}
    </Card>
  )
}
