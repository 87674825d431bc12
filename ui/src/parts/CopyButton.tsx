import { Check, Copy } from "lucide-react"
import { useState } from "react"
import { IconButton } from "./Button.tsx"
import { useNotices } from "./Notices.tsx"

const SHOWN_MS = 1500

/** Copies a text to the clipboard; `what` says what, such as "webhook URL". */
export const CopyButton = ({ text, what }: { readonly text: string; readonly what: string }) => {
  const [copied, setCopied] = useState(false)
  const { bad } = useNotices()
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => {
        setCopied(true)
        setTimeout(() => setCopied(false), SHOWN_MS)
      },
      () => bad(new Error(`The browser did not let this page copy. The ${what}: ${text}`))
    )
  return (
    <IconButton small label={copied ? "Copied" : `Copy the ${what}`} onClick={() => void copy()}>
      {copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
    </IconButton>
  )
}
