const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" })
const short = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" })
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" })

const DAY_MS = 86_400_000

/** A point in time (ISO 8601): the time today, else the day too; the whole of it on hover. */
export const Moment = ({ at }: { readonly at: string }) => {
  const date = new Date(at)
  const text = Date.now() - date.getTime() < DAY_MS ? short.format(date) : day.format(date)
  return (
    <time dateTime={at} title={clock.format(date)} className="whitespace-nowrap">
      {text}
    </time>
  )
}

const two = (value: number) => String(value).padStart(2, "0")

/** A duration in ms as people say it: `850 ms`, `12 s`, `3 min 05 s`, `1 h 02 min`. */
export const durationText = (ms: number): string => {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} min`
}
