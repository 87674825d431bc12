import { X } from "lucide-react"
import { clsx } from "clsx"
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react"
import { messageOf } from "../api/problem.ts"
import { IconButton } from "./Button.tsx"

type Kind = "good" | "bad"
interface Notice {
  readonly id: number
  readonly kind: Kind
  readonly text: string
}
interface Tell {
  /** Something was done. */
  readonly good: (text: string) => void
  /** Something was not done: any failure. Stays until it is closed. */
  readonly bad: (cause: unknown) => void
}

const GOOD_SHOWN_MS = 5000
const Context = createContext<Tell>({ good: () => {}, bad: () => {} })

/** Tells the person in a corner of the page what became of an action. */
export const useNotices = () => useContext(Context)

let lastId = 0

export const Notices = ({ children }: { readonly children: ReactNode }) => {
  const [notices, setNotices] = useState<ReadonlyArray<Notice>>([])
  const close = useCallback((id: number) => setNotices((now) => now.filter((each) => each.id !== id)), [])
  const add = useCallback((kind: Kind, text: string) => {
    const id = ++lastId
    setNotices((now) => [...now.slice(-3), { id, kind, text }])
    return id
  }, [])
  const tell = useMemo<Tell>(
    () => ({
      good: (text) => {
        const id = add("good", text)
        setTimeout(() => close(id), GOOD_SHOWN_MS)
      },
      bad: (cause) => void add("bad", messageOf(cause))
    }),
    [add, close]
  )
  return (
    <Context value={tell}>
      {children}
      <div
        aria-live="polite"
        className="fixed right-4 bottom-4 z-60 flex w-[min(24rem,calc(100vw-2rem))] flex-col gap-2"
      >
        {notices.map(({ id, kind, text }) => (
          <div
            key={id}
            role={kind === "bad" ? "alert" : "status"}
            className={clsx(
              "flex items-start gap-2 rounded-md border p-3 shadow-lg",
              kind === "bad" ? "border-bad bg-bad-soft text-bad" : "border-line bg-surface"
            )}
          >
            <p className="flex-1 break-words">{text}</p>
            <IconButton label="Close this message" small onClick={() => close(id)}>
              <X size={14} aria-hidden />
            </IconButton>
          </div>
        ))}
      </div>
    </Context>
  )
}
