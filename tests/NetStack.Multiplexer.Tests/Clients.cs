using NetStack.Nic;

namespace NetStack.Multiplexer.Tests;

/// <summary>The ways a client may attach, as theory data: one suite runs over all of them.</summary>
public static class Clients
{
    public static TheoryData<string> All =>
    [
        "CopyAll", "CopyHeaders", "PassThrough", "ZeroCopy", "ZeroCopy+trust", "Shadow", "CopyBreak",
        "Steered+Verify", "Steered+Trust", "Steered+CopyAll", "Steered+ZeroCopy",
    ];

    /// <summary>Whether the client's frames are copied whole.</summary>
    public static bool Copies(string kind) => kind is "CopyAll" or "Shadow" or "Steered+CopyAll";

    public static bool Steers(string kind) => kind.StartsWith("Steered", StringComparison.Ordinal);

    /// <summary>What such a client finds its frames' bytes to be.</summary>
    public static BodyAccess AccessOf(string kind, int length) => kind switch
    {
        "CopyAll" or "Shadow" or "Steered+CopyAll" => BodyAccess.Private,
        "CopyBreak" => length <= 256 ? BodyAccess.Private : BodyAccess.CopyOnDeliver,
        "PassThrough" => BodyAccess.PassThrough,
        "ZeroCopy+trust" or "Steered+ZeroCopy" => BodyAccess.InPlace,
        _ => BodyAccess.CopyOnDeliver,
    };

    public static void Configure(string kind, PortOptions options)
    {
        options.Copy = kind switch
        {
            "CopyAll" or "Steered+CopyAll" => CopyStrategy.CopyAll,
            "PassThrough" => CopyStrategy.PassThrough,
            "ZeroCopy" or "ZeroCopy+trust" or "Steered+ZeroCopy" => CopyStrategy.ZeroCopy,
            "Shadow" => CopyStrategy.Shadow,
            "CopyBreak" => CopyStrategy.CopyBreak(256, CopyStrategy.CopyAll, CopyStrategy.CopyHeaders),
            _ => CopyStrategy.CopyHeaders,
        };
        if (Steers(kind)) options.Placement = Placement.Steered;
        options.Trust = kind switch
        {
            "ZeroCopy+trust" => Trust.DataOnly,
            "Steered+Trust" => Trust.SteeringOnly,
            "Steered+ZeroCopy" => Trust.Full,
            _ => Trust.None,
        };
    }
}
