/** The download can't be begun: nothing was fetched. */
export class DownloadRefusedError extends Error {
  override name = "DownloadRefusedError";
}

/** The download broke off; what has arrived is kept and will be continued. */
export class DownloadFailedError extends Error {
  override name = "DownloadFailedError";
}

/** Another file has the name that the download would get. */
export class NameTakenError extends DownloadRefusedError {
  override name = "NameTakenError";
}
