import { AlertTriangle } from "lucide-react"
import { clsx } from "clsx"
import { type ReactNode, useEffect } from "react"
import { messageOf } from "../api/problem.ts"
import { Button } from "./Button.tsx"

/** The head of a page: its title (also the window's), what it is for, and its actions. */
export const PageHeader = ({
  title,
  children,
  actions
}: {
  readonly title: string
  readonly children?: ReactNode
  readonly actions?: ReactNode
}) => {
  useEffect(() => {
    document.title = `${title} · Switchboard`
  }, [title])
  return (
    <header className="mb-5 flex flex-wrap items-start justify-between gap-3">
      <div className="min-w-0">
        <h1 className="text-xl font-semibold break-words">{title}</h1>
        {children === undefined ? null : <div className="text-muted mt-1 max-w-2xl">{children}</div>}
      </div>
      {actions === undefined ? null : <div className="flex flex-wrap gap-2">{actions}</div>}
    </header>
  )
}

/** A white box, with a heading or without. */
export const Card = ({
  title,
  actions,
  className,
  children
}: {
  readonly title?: string
  readonly actions?: ReactNode
  readonly className?: string
  readonly children: ReactNode
}) => (
  <section className={clsx("border-line bg-surface rounded-lg border p-4", className)} aria-label={title}>
    {title === undefined ? null : (
      <div className="mb-3 flex flex-wrap items-center justify-between gap-2">
        <h2 className="font-semibold">{title}</h2>
        {actions}
      </div>
    )}
    {children}
  </section>
)

/** Nothing is here yet: what this place is for and what to do next. */
export const EmptyState = ({
  title,
  children,
  action
}: {
  readonly title: string
  readonly children: ReactNode
  readonly action?: ReactNode
}) => (
  <div className="border-line rounded-lg border border-dashed p-8 text-center">
    <p className="font-medium">{title}</p>
    <div className="text-muted mx-auto mt-1 max-w-md">{children}</div>
    {action === undefined ? null : <div className="mt-4 flex justify-center gap-2">{action}</div>}
  </div>
)

export const Loading = ({ what = "Loading" }: { readonly what?: string }) => (
  <div role="status" className="text-muted flex items-center gap-2 p-4">
    <span className="size-4 animate-spin rounded-full border-2 border-current border-t-transparent" />
    {what}…
  </div>
)

/** Why something cannot be shown or was not done, with a way to try again. */
export const ProblemNote = ({ cause, retry }: { readonly cause: unknown; readonly retry?: () => void }) => (
  <div role="alert" className="border-bad bg-bad-soft text-bad flex items-start gap-2 rounded-md border p-3">
    <AlertTriangle size={16} aria-hidden className="mt-0.5 shrink-0" />
    <p className="flex-1 break-words">{messageOf(cause)}</p>
    {retry === undefined ? null : (
      <Button small onClick={retry}>
        Try again
      </Button>
    )}
  </div>
)

/** What a query gives, or that it is loading, or why it failed. */
export const Loaded = <A,>({
  of: { data, error, refetch },
  children
}: {
  readonly of: { readonly data: A | undefined; readonly error: unknown; readonly refetch: () => unknown }
  readonly children: (data: A) => ReactNode
}) => {
  if (data !== undefined) return <>{children(data)}</>
  return error === null ? <Loading /> : <ProblemNote cause={error} retry={() => void refetch()} />
}
