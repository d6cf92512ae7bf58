/** The system makes, keeps or tells no service; the message is for people. */
export class ServiceError extends Error {
  override name = "ServiceError";
}
