package io.epollecho;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;

import io.epollecho.server.SelectorBackend;
import io.epollecho.stream.AddressRange;

import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

import java.text.DecimalFormat;
import java.text.MessageFormat;
import java.text.SimpleDateFormat;
import java.util.Formatter;
import java.util.Locale;
import java.util.Set;

/** Tests for the permitted dependencies between packages. */
class ArchitectureTest {

    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPackages("io.epollecho");

    /** Methods that have an overload with a locale, or a variant that takes one. */
    private static final Set<String> OF_THE_DEFAULT_LOCALE =
            Set.of(
                    "formatted",
                    "format",
                    "printf",
                    "toUpperCase",
                    "toLowerCase",
                    "ofPattern",
                    "ofLocalizedDate",
                    "ofLocalizedTime",
                    "ofLocalizedDateTime",
                    "getInstance",
                    "getNumberInstance",
                    "getIntegerInstance",
                    "getPercentInstance",
                    "getCompactNumberInstance",
                    "getDateInstance",
                    "getTimeInstance",
                    "getDateTimeInstance");

    private static final DescribedPredicate<JavaMethodCall> USES_THE_DEFAULT_LOCALE =
            DescribedPredicate.describe(
                    "the default locale applies",
                    call -> {
                        var target = call.getTarget();
                        String owner = target.getOwner().getName();
                        return OF_THE_DEFAULT_LOCALE.contains(target.getName())
                                && (owner.equals("java.lang.String")
                                        || owner.startsWith("java.io.Print")
                                        || owner.equals("java.io.Console")
                                        || (owner.equals("java.time.format.DateTimeFormatter")
                                                && target.getName().startsWith("of"))
                                        || owner.equals("java.text.NumberFormat")
                                        || owner.equals("java.text.DateFormat"))
                                && target.getRawParameterTypes().stream()
                                        .noneMatch(type -> type.isEquivalentTo(Locale.class));
                    });

    /** Every package of the project belongs to one of these layers. */
    @Test
    void layersDependOnlyOnPermittedLayers() {
        layersOfTheProject()
                .whereLayer("application")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("spring")
                .mayOnlyBeAccessedByLayers("application")
                .whereLayer("probe")
                .mayOnlyBeAccessedByLayers("application")
                .whereLayer("server")
                .mayOnlyBeAccessedByLayers("spring", "application")
                .whereLayer("stream")
                .mayOnlyBeAccessedByLayers("server", "probe", "spring")
                .whereLayer("loop")
                .mayOnlyBeAccessedByLayers("server")
                .whereLayer("epoll")
                .mayOnlyBeAccessedByLayers("server")
                .check(CLASSES);
    }

    private static LayeredArchitecture layersOfTheProject() {
        return layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("application")
                .definedBy("io.epollecho")
                .layer("spring")
                .definedBy("io.epollecho.spring..")
                .layer("probe")
                .definedBy("io.epollecho.probe..")
                .layer("server")
                .definedBy("io.epollecho.server..")
                .layer("stream")
                .definedBy("io.epollecho.stream..")
                .layer("loop")
                .definedBy("io.epollecho.loop..")
                .layer("epoll")
                .definedBy("io.epollecho.epoll..")
                .ensureAllClassesAreContainedInArchitecture();
    }

    /** Spring code binds property values and never handles streams itself. */
    @Test
    void springPackagesUseOnlyAddressRangeOfTheStreamPackage() {
        noClasses()
                .that()
                .resideInAPackage("io.epollecho.spring..")
                .should()
                .dependOnClassesThat(
                        resideInAPackage("io.epollecho.stream..")
                                .and(not(equivalentTo(AddressRange.class))))
                .check(CLASSES);
    }

    @Test
    void onlyTheApplicationAndItsSpringPackagesDependOnSpring() {
        noClasses()
                .that()
                .resideOutsideOfPackages("io.epollecho", "io.epollecho.spring..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.springframework..")
                .check(CLASSES);
    }

    /** One class decides whether to use epoll; all others run on any selector provider. */
    @Test
    void onlyTheSelectorBackendDependsOnEpoll() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.epollecho.epoll..")
                .and()
                .areNotAssignableTo(SelectorBackend.class)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.epollecho.epoll..")
                .check(CLASSES);
    }

    /** Otherwise text for machines would contain the digits and letters of the user's language. */
    @Test
    void textIsFormattedWithoutTheDefaultLocale() {
        noClasses().should().callMethodWhere(USES_THE_DEFAULT_LOCALE).check(CLASSES);
        noClasses()
                .should()
                .callConstructor(Formatter.class)
                .orShould()
                .callConstructor(Formatter.class, Appendable.class)
                .orShould()
                .callConstructor(DecimalFormat.class)
                .orShould()
                .callConstructor(DecimalFormat.class, String.class)
                .orShould()
                .callConstructor(SimpleDateFormat.class, String.class)
                .orShould()
                .callConstructor(MessageFormat.class, String.class)
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoDependencyCycles() {
        slices().matching("io.epollecho.(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void everyPackageIsNullMarked() {
        assertThat(CLASSES)
                .extracting(type -> type.getPackage())
                .isNotEmpty()
                .allSatisfy(ArchitectureTest::isNullMarked);
    }

    private static void isNullMarked(JavaPackage javaPackage) {
        assertThat(javaPackage.isAnnotatedWith(NullMarked.class))
                .as("%s has a package-info with @NullMarked", javaPackage.getName())
                .isTrue();
    }
}
