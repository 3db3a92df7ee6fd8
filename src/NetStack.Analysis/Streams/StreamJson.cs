using System.Text;

namespace NetStack.Analysis;

/// <summary>What the directions of a connection carried, as members of its JSON object.</summary>
public static class StreamJson
{
    /// <summary>The members, each with a comma in front. Both streams end here.</summary>
    public static byte[] Members(StreamHasher hasher, Flow flow) =>
        Encoding.UTF8.GetBytes(Member("payload_ab", hasher.Of(flow, reverse: false)) + Member("payload_ba", hasher.Of(flow, reverse: true)));

    private static string Member(string name, StreamDigest digest)
    {
        string conflicts = digest.Conflicts > 0 ? ",\"notes\":[\"overlap with different bytes\"]" : "";
        return FormattableString.Invariant($",\"{name}\":{{\"len\":{digest.Length},\"sha256\":\"{digest.Sha256}\",\"complete\":{(digest.IsComplete ? "true" : "false")}{conflicts}}}");
    }
}
