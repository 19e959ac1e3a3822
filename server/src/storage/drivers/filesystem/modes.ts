/** Owner writes, group reads, others nothing; the umask may take more away. */
export const FILE_MODE = 0o640

/** As of files: owner, group, nobody else. */
export const DIRECTORY_MODE = 0o750
