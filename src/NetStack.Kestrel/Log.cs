using Microsoft.Extensions.Logging;

namespace NetStack.Kestrel;

/// <summary>What the transport logs; Kestrel logs its connections, the host logs its own.</summary>
internal static partial class Log
{
    internal const string Category = "NetStack.Kestrel";

    [LoggerMessage(1, LogLevel.Error, "Connection id \"{ConnectionId}\": a callback of ConnectionClosed failed.")]
    internal static partial void ClosedCallbackFailed(ILogger logger, string connectionId, Exception failure);
}
