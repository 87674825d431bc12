import { X } from "lucide-react"
import { Dialog as Radix } from "radix-ui"
import type { ReactNode } from "react"
import { Button, IconButton } from "./Button.tsx"

/** A modal dialog. Radix's own overlay is left out: it writes a style element, which the page's policy forbids. */
export const Dialog = ({
  open,
  onClose,
  title,
  description,
  children
}: {
  readonly open: boolean
  readonly onClose: () => void
  readonly title: string
  readonly description?: ReactNode
  readonly children: ReactNode
}) => (
  <Radix.Root open={open} onOpenChange={(next) => (next ? undefined : onClose())}>
    <Radix.Portal>
      <div aria-hidden className="fixed inset-0 z-40 bg-black/50" />
      <Radix.Content
        {...(description === undefined ? { "aria-describedby": undefined } : {})}
        className="border-line bg-surface fixed top-1/2 left-1/2 z-50 max-h-[90dvh] w-[min(36rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 overflow-y-auto rounded-lg border p-5 shadow-xl"
      >
        <div className="mb-3 flex items-start justify-between gap-4">
          <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
          <Radix.Close asChild>
            <IconButton label="Close" small>
              <X size={16} aria-hidden />
            </IconButton>
          </Radix.Close>
        </div>
        {description === undefined ? null : (
          <Radix.Description asChild>
            <div className="text-muted mb-4">{description}</div>
          </Radix.Description>
        )}
        {children}
      </Radix.Content>
    </Radix.Portal>
  </Radix.Root>
)

/** Asks before something that cannot be taken back; `children` say what will happen. */
export const ConfirmDialog = ({
  action,
  onConfirm,
  busy = false,
  children,
  ...dialog
}: {
  readonly open: boolean
  readonly onClose: () => void
  readonly title: string
  /** The word on the button, such as "Delete". */
  readonly action: string
  readonly onConfirm: () => void
  readonly busy?: boolean
  readonly children: ReactNode
}) => (
  <Dialog {...dialog} description={children}>
    <div className="flex justify-end gap-2">
      <Button onClick={dialog.onClose}>Cancel</Button>
      <Button look="danger" busy={busy} onClick={onConfirm}>
        {action}
      </Button>
    </div>
  </Dialog>
)
