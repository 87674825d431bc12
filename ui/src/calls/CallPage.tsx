import { PageHeader } from "../parts/Page.tsx"

export const CallPage = () => <PageHeader title="Call" />
