import { revision } from "../../src/agents/websocket/messages.ts"
import { count, type Finding, type Report } from "./rules.ts"

const words: Readonly<Record<Finding["outcome"], string>> = { pass: "ok", fail: "BROKEN", not_applicable: "-" }
const width = 100

/** Breaks a text into lines of a readable width. */
const wrapped = (text: string): ReadonlyArray<string> =>
  text.split(/\s+/).reduce<Array<string>>((lines, word) => {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length >= width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
    return lines
  }, [])

const summary = (report: Report) => {
  const broken = count(report, "fail")
  const unjudged = count(report, "not_applicable")
  return [
    `${count(report, "pass")} rules kept`,
    `${broken} broken`,
    ...(unjudged === 0 ? [] : [`${unjudged} not to be judged`])
  ].join(", ")
}

/** The report for a person at a terminal. */
export const printed = (report: Report): string => {
  const { name, version } = report.agent
  const who = [name, version].filter((part) => part !== undefined).join(" ")
  return [
    `Agent protocol ${revision}: ${report.url}${who === "" ? "" : ` (${who})`}`,
    "",
    ...report.rules.flatMap(({ id, outcome, rule, seen }) => [
      `${words[outcome].padEnd(6)}  ${id.padEnd(8)}  ${rule}`,
      ...wrapped(seen).map((line, n) => `${" ".repeat(18)}${outcome === "fail" && n === 0 ? "-> " : "   "}${line}`)
    ]),
    "",
    `${summary(report)}.`
  ].join("\n")
}

/** The report for a program: one JSON object. */
export const asJson = (report: Report): string =>
  JSON.stringify(
    {
      protocol: revision,
      url: report.url,
      agent: report.agent,
      passed: count(report, "pass"),
      failed: count(report, "fail"),
      not_applicable: count(report, "not_applicable"),
      rules: report.rules.map(({ id, outcome, rule, seen }) => ({ id, rule, outcome, seen }))
    },
    null,
    2
  )
