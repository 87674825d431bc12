import { type FormEvent, useState } from "react"
import { TextInput } from "../form/inputs.tsx"
import { Button } from "../parts/Button.tsx"
import { useDigits } from "./queries.ts"

const buttons = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"]
const allowed = /^[0-9A-Da-d*#wW]{1,64}$/

/** Sends DTMF digits into a call: a button at a time, or a row of them. */
export const Keypad = ({ callId }: { readonly callId: string }) => {
  const [row, setRow] = useState("")
  const [sent, setSent] = useState("")
  const digits = useDigits(callId)
  const send = (text: string) =>
    digits.mutate(text, { onSuccess: () => setSent((before) => (before + text).slice(-24)) })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    send(row)
    setRow("")
  }
  const wrong = row !== "" && !allowed.test(row)
  return (
    <div className="flex flex-wrap items-start gap-4">
      <div role="group" aria-label="Keypad" className="grid w-36 grid-cols-3 gap-1">
        {buttons.map((digit) => (
          <Button key={digit} className="font-mono" aria-label={`Send ${digit}`} onClick={() => send(digit)}>
            {digit}
          </Button>
        ))}
      </div>
      <form onSubmit={submit} className="flex min-w-48 flex-1 flex-col gap-2">
        <label htmlFor="digits" className="font-medium">
          Digits in a row
        </label>
        <div className="flex gap-2">
          <TextInput
            id="digits"
            value={row}
            aria-invalid={wrong}
            aria-describedby="digits-note"
            placeholder="1w23#"
            className="font-mono"
            onChange={({ target }) => setRow(target.value)}
          />
          <Button type="submit" disabled={!allowed.test(row)} busy={digits.isPending}>
            Send
          </Button>
        </div>
        <p id="digits-note" className={wrong ? "text-bad text-xs" : "text-muted text-xs"}>
          1 to 64 of 0-9, A-D, * and #; w is a pause.
        </p>
        <p role="status" className="text-muted text-xs empty:hidden">
          {sent === "" ? "" : `Sent: ${sent}`}
        </p>
      </form>
    </div>
  )
}
