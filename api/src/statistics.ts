import Type, { type Static } from 'typebox'

const Count = Type.Integer({ minimum: 0 })

/** Counts as the caller sees them. The totals are of everything there is, and told to administrators only. */
export const Statistic = Type.Object({
  public_project_count: Count,
  public_repo_count: Count,
  private_project_count: Count,
  private_repo_count: Count,
  total_project_count: Count,
  total_repo_count: Count,
  total_storage_consumption: Type.Integer({ minimum: 0, description: 'Bytes.' }),
})
export type Statistic = Static<typeof Statistic>
