namespace NetStack.Tests;

/// <summary>Names the rule a test shows.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
internal sealed class RfcAttribute(int number, string section) : Attribute
{
    /// <summary>The RFC's number.</summary>
    internal int Number { get; } = number;

    /// <summary>The section, and the requirement's name where it has one.</summary>
    internal string Section { get; } = section;
}
