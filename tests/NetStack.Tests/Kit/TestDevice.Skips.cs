namespace NetStack.Tests.Kit;

/// <content>Tests that make no sense on some devices.</content>
internal static partial class TestDevice
{
    /// <summary>For a test that looks into the memory or the counters of the kit's own ring.</summary>
    internal static void NeedsPlainRing() => SkipIf(Copy is not null, "the test looks into a ring that frames do not come through here");

    /// <summary>For a test that passes bodies on by handle.</summary>
    internal static void NeedsSteadyBodies() => SkipIf(RewritesBodies, "what goes on by handle is what the device made of it: the receiver drops it, as it must");

    /// <summary>For a test about something that is otherwise on such a device, whatever it is.</summary>
    private static void SkipIf(bool isOther, string why) => Assert.SkipWhen(isOther, $"{Variable}={Environment.GetEnvironmentVariable(Variable)}: {why}");
}
