namespace NetStack.Tests;

/// <summary>Names the rule a test shows.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
internal sealed class RfcAttribute(int number, string section, params string[] requirements) : Attribute
{
    /// <summary>The RFC's number.</summary>
    internal int Number { get; } = number;

    /// <summary>The section, where the RFC has them.</summary>
    internal string Section { get; } = section;

    /// <summary>The requirements by the names of RFC 9293 appendix B; docs/rfc9293.md has the same pairs of requirement and test.</summary>
    internal IReadOnlyList<string> Requirements { get; } = requirements;
}
