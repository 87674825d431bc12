import { useNotices } from "../parts/Notices.tsx"

/** Tells how the carrier took a write that is kept here in any case. */
export const useSyncNotice = () => {
  const { bad, good } = useNotices()
  return (done: string, { message, ok }: { readonly ok: boolean; readonly message: string }) =>
    ok
      ? good(`${done} ${message}`)
      : bad(new Error(`${done} But at the carrier something is not as wanted: ${message}`))
}
