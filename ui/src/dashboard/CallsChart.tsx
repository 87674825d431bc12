import { useEffect, useRef } from "react"
import UPlot, { type AlignedData, type Options } from "uplot"
import "uplot/dist/uPlot.min.css"
import { type Colours, useColours } from "./colours.ts"
import type { Overview } from "./queries.ts"

const HEIGHT = 220
const SECOND_MS = 1000
/** At most so many bars: a day in quarters of an hour. */
const MOST_BARS = 96

type Minutes = Overview["calls"]

/** Sums of neighbouring minutes, so that the picture has no more bars than it can show. */
const columnsOf = (minutes: Minutes) => {
  const each = Math.ceil(minutes.length / MOST_BARS)
  const columns: Array<{ at: number; inbound: number; outbound: number; answered: number }> = []
  for (let first = 0; first < minutes.length; first += each) {
    const those = minutes.slice(first, first + each)
    const sum = (of: (minute: Minutes[number]) => number) => those.reduce((total, minute) => total + of(minute), 0)
    columns.push({
      at: Date.parse(those[0]?.at ?? "") / SECOND_MS,
      inbound: sum(({ inbound }) => inbound),
      outbound: sum(({ outbound }) => outbound),
      answered: sum(({ answered }) => answered)
    })
  }
  return { columns, each }
}

/** Inbound calls stand on outbound ones: the second series is both, drawn behind the first. */
const dataOf = (minutes: Minutes): AlignedData => {
  const { columns } = columnsOf(minutes)
  return [
    columns.map(({ at }) => at),
    columns.map(({ inbound, outbound }) => inbound + outbound),
    columns.map(({ outbound }) => outbound),
    columns.map(({ answered }) => answered)
  ]
}

const optionsOf = (width: number, { accent, ink, line, muted }: Colours): Options => {
  const bars = UPlot.paths.bars?.({ size: [0.7, 24], align: 1 })
  const axis = { stroke: muted, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } }
  const column = (fill: string) => ({
    fill,
    width: 0,
    ...(bars === undefined ? {} : { paths: bars }),
    points: { show: false }
  })
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      // A bar stands on the minutes that follow its time: the last one needs room, too.
      x: { range: ({ data: [times] }, least, most) => [least, most + (times[1] ?? most) - (times[0] ?? most)] },
      y: { range: (_, _least, most) => [0, Math.max(4, Math.ceil(most * 1.1))] }
    },
    axes: [axis, { ...axis, size: 36, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] }],
    series: [{}, column(accent), column(muted), { stroke: ink, width: 1.5, points: { show: false } }]
  }
}

const Key = ({ className, children }: { readonly className: string; readonly children: string }) => (
  <span className="flex items-center gap-1.5">
    <span aria-hidden className={className} />
    {children}
  </span>
)

/** Calls that began, minute by minute, by direction, and how many of them were answered. */
export const CallsChart = ({ minutes }: { readonly minutes: Minutes }) => {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot>(undefined)
  const latest = useRef(minutes)
  const colours = useColours()
  useEffect(() => {
    latest.current = minutes
    plot.current?.setData(dataOf(minutes))
  }, [minutes])
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const drawn = new UPlot(optionsOf(element.clientWidth, colours), dataOf(latest.current), element)
    plot.current = drawn
    const resized = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: HEIGHT }))
    resized.observe(element)
    return () => {
      resized.disconnect()
      drawn.destroy()
      plot.current = undefined
    }
  }, [colours])
  const { columns, each } = columnsOf(minutes)
  const inbound = columns.reduce((sum, column) => sum + column.inbound, 0)
  const outbound = columns.reduce((sum, column) => sum + column.outbound, 0)
  const most = Math.max(0, ...columns.map((column) => column.inbound + column.outbound))
  const per = each === 1 ? "a minute" : `${each} minutes`
  return (
    <figure>
      <div
        ref={box}
        role="img"
        aria-label={`Calls over the last ${minutes.length} minutes: ${inbound} inbound, ${outbound} outbound, at most ${most} in ${per}.`}
        className="w-full overflow-hidden"
      />
      <figcaption className="text-muted mt-2 flex flex-wrap gap-4 text-xs">
        <Key className="bg-accent size-2.5 rounded-sm">Inbound</Key>
        <Key className="bg-muted size-2.5 rounded-sm">Outbound</Key>
        <Key className="bg-ink h-0.5 w-3">Answered</Key>
        {each === 1 ? null : <span className="ml-auto">{each} minutes a bar</span>}
      </figcaption>
    </figure>
  )
}
