import { useBlocker } from "@tanstack/react-router"
import { ConfirmDialog } from "../parts/Dialog.tsx"

/** Asks before what was typed is lost, while there is something: on the way to another page of the console, or out of it. */
export const UnsavedInput = ({ exists }: { readonly exists: boolean }) => {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => exists && current.pathname !== next.pathname,
    enableBeforeUnload: exists,
    withResolver: true
  })
  return (
    <ConfirmDialog
      open={blocker.status === "blocked"}
      onClose={() => blocker.reset?.()}
      title="Leave without saving?"
      action="Leave"
      onConfirm={() => blocker.proceed?.()}
    >
      What you typed here is lost then.
    </ConfirmDialog>
  )
}
